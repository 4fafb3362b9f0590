package org.opendvx.server.service;

import java.util.List;
import org.opendvx.server.api.ExportView;

/** The running NFS server, as far as others need to know of it. */
public interface NfsFront extends AutoCloseable {

  /** Address on which it listens, as configured. */
  String address();

  /** Port of NFS. */
  int port();

  /** Port of MOUNT. */
  int mountPort();

  /** Who answers for the ports on port 111, in words; empty when nobody does. */
  String portmapper();

  /** What clients mount. */
  List<ExportView> exports();

  /**
   * Why a host would be refused.
   *
   * @param export the path it would mount
   * @param hostAddress IP address
   * @return empty when it would not be refused
   */
  String refusal(String export, String hostAddress);

  /** What does not work although it serves, for people. */
  List<String> warnings();

  @Override
  void close();
}
