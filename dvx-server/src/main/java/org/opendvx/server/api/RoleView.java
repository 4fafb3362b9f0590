package org.opendvx.server.api;

import java.util.List;

/** A role in the virtualisation manager. */
public record RoleView(String name, List<String> privileges) {}
