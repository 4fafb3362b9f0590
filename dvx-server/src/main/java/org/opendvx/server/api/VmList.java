package org.opendvx.server.api;

import java.util.List;

/**
 * Virtual machines.
 *
 * @param items those that could be listed
 * @param problems why those of some connections could not be
 */
public record VmList(List<VmView> items, List<Problem> problems) {}
