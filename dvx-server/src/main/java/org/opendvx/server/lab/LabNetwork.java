package org.opendvx.server.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Where the processes of a lab are reached. Confined to one thread at a time. */
public interface LabNetwork extends AutoCloseable {
  /**
   * A network namespace for each process, joined by a bridge, where this account may make them;
   * else this machine's loopback.
   *
   * @param folder for what programs print
   */
  static LabNetwork open(Path folder) throws IOException, InterruptedException {
    LabNetwork namespaces = Namespaces.tryOpen(folder);
    return namespaces == null ? new Loopback() : namespaces;
  }

  /** The address of a process, made when it is asked for the first time. */
  String address(String name) throws IOException, InterruptedException;

  /** The address of what runs beside the lab's processes, for them. */
  String outside();

  /** From where clients come. */
  String clients();

  /** What stands in front of the command of a process, so that it has its address. */
  List<String> prefix(String name);

  /** Whether {@link #cutOff} can be had. */
  boolean cutsOff();

  /** Takes a process off the network: what is sent is lost, nobody is told. Or brings it back. */
  void cutOff(String name, boolean now) throws IOException, InterruptedException;

  /** What it is, for people. */
  String describe();

  /** Takes away what was made. */
  @Override
  void close();
}
