package org.opendvx.server.service;

import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.server.api.FreezeView;
import org.opendvx.server.api.ImportView;
import org.opendvx.server.api.MadeDiskView;

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

    /** Takes up the datastore and its machines after the manager lost them. */
    default ImportView importDatastore(Hypervisor.DatastoreMount mount) {
      throw unsupported();
    }

    /** The machines that the manager may freeze for a snapshot. */
    default FreezeView freezes() {
      throw unsupported();
    }

    /** Agrees to freezes of a machine, by its id or name, or takes that back. */
    default FreezeView setFreeze(String vm, boolean allowed) {
      throw unsupported();
    }

    /** Makes a new disk of a disk in a snapshot. */
    default MadeDiskView makeDisk(String snapshot, String disk, String alias) {
      throw unsupported();
    }

    private static DvxException unsupported() {
      return DvxException.of(Kind.UNSUPPORTED, "This kind of virtualisation manager cannot do that")
          .cause("Only connections of the kind rhv offer it")
          .build();
    }
  }
}
