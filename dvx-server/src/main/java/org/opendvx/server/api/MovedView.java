package org.opendvx.server.api;

/**
 * Files that moved.
 *
 * @param files how many belong to the machine
 * @param millis how long it took until all were served there
 */
public record MovedView(String vm, String to, int files, double millis) {}
