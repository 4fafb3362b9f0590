package org.opendvx.server.lab;

import java.util.List;

/** All processes on this machine's loopback, apart by their ports. */
final class Loopback implements LabNetwork {
  private static final String ADDRESS = "127.0.0.1";

  @Override
  public String address(String name) {
    return ADDRESS;
  }

  @Override
  public String outside() {
    return ADDRESS;
  }

  @Override
  public String clients() {
    return ADDRESS + "/32";
  }

  @Override
  public List<String> prefix(String name) {
    return List.of();
  }

  @Override
  public boolean cutsOff() {
    return false;
  }

  @Override
  public void cutOff(String name, boolean now) {
    throw new IllegalStateException("processes on the loopback are not cut off");
  }

  @Override
  public String describe() {
    return "loopback";
  }

  @Override
  public void close() {
    // Nothing was made.
  }
}
