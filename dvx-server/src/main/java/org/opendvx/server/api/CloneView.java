package org.opendvx.server.api;

import java.util.List;

/**
 * What a clone made.
 *
 * @param folder of the new machine, from the datastore's root
 * @param notes what a person should know
 */
public record CloneView(
    String vm, String vmRef, String folder, boolean poweredOn, List<String> notes) {}
