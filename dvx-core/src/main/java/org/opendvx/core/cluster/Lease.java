package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import org.opendvx.core.pool.Epoch;

/**
 * A host's lease as its record in the register says: docs/formats/hosts.md.
 *
 * @param life rises by one each time the host joins
 * @param endpoint where peers reach it
 * @param version of the record
 */
record Lease(String host, long life, Status status, String endpoint, long version) {
  private static final int FORMAT = 1;
  private static final String PREFIX = "leases/";

  /** What became of it. */
  enum Status {
    /** The host renews it. */
    HELD(1),
    /** The host left in good order. */
    RELEASED(2),
    /** Another host found that it was not renewed. */
    DEAD(3);

    private final int code;

    Status(int code) {
      this.code = code;
    }

    private static Status of(int code) {
      for (Status status : values()) {
        if (status.code == code) {
          return status;
        }
      }
      throw new BufferUnderflowException();
    }
  }

  static String key(String host) {
    return PREFIX + host;
  }

  static String prefix() {
    return PREFIX;
  }

  byte[] encode() {
    return new Wire.Out().put(FORMAT).putLong(life).put(status.code).putText(endpoint).done();
  }

  static Lease decode(String key, long version, byte[] bytes) {
    String host = key.substring(PREFIX.length());
    return Wire.read(
        "A host's lease",
        bytes,
        FORMAT,
        in -> new Lease(host, in.getLong(), Status.of(in.get()), in.getText(), version));
  }

  Lease with(Status other) {
    return new Lease(host, life, other, endpoint, version);
  }

  /** Whether the host lives in a certain life. */
  boolean livesIn(long some) {
    return status == Status.HELD && life == some;
  }

  /** Under which the host changes the register. */
  static Epoch epoch(String host, long life) {
    return new Epoch("agent-" + host, life);
  }
}
