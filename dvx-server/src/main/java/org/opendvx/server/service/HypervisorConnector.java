package org.opendvx.server.service;

import java.util.List;
import org.opendvx.core.vm.Hypervisor;

/** Makes connections of one kind; the adapters stand behind it. */
public interface HypervisorConnector {

  /** The kind that it makes, as in {@link HypervisorSettings#kind}. */
  String kind();

  /** A connection, which logs in when it is first used. */
  Connection connect(HypervisorSettings settings);

  /** A connection, with what the common port does not offer. */
  interface Connection {
    /** The manager. Closing it closes the connection. */
    Hypervisor hypervisor();

    /** Logs in if need be and tells what answers, such as product and version. */
    String about();

    /**
     * Makes or updates a role that has the privileges that DVX needs and no more.
     *
     * @return the privileges
     */
    List<String> createRole(String role);
  }
}
