package org.opendvx.server.torture;

/** What a round does to processes. */
enum Disturbance {
  /** SIGKILL of one host, or of several at once; at least one lives. */
  KILL,
  /** SIGKILL of all hosts but one at once. */
  MOST,
  /** SIGSTOP of one host, for shorter or longer than its lease, and SIGCONT. */
  STOP,
  /** SIGTERM of one host, which starts again at once, as for an upgrade. */
  RESTART,
  /** One host is off the network for some seconds and lives; where the network can do that. */
  CUTOFF,
  /** SIGKILL of the data node. */
  DATANODE
}
