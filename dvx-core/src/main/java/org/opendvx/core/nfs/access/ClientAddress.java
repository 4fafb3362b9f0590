package org.opendvx.core.nfs.access;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * An IPv4 or IPv6 address as 128 bits; IPv4 as IPv4-mapped IPv6, so that a client is the same
 * whichever kind of socket it came through.
 *
 * @param high first 64 bits
 * @param low last 64 bits
 */
public record ClientAddress(long high, long low) {
  private static final long MAPPED = 0xffffL << 32;

  /** The 128 bits of an address. */
  public static ClientAddress of(InetAddress address) {
    ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
    return bytes.remaining() == 4
        ? new ClientAddress(0, MAPPED | Integer.toUnsignedLong(bytes.getInt()))
        : new ClientAddress(bytes.getLong(), bytes.getLong());
  }
}
