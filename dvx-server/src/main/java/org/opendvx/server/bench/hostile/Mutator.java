package org.opendvx.server.bench.hostile;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.opendvx.server.bench.rpc.RpcMessage;

/** Makes hostile messages out of valid ones; the same seed gives the same messages. */
final class Mutator {
  private static final int[] EXTREMES = {
    0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 0xFFFF, 0x10000, 0x7FFFFFFC, 1 << 20, 65
  };
  private static final int MOST_FRAGMENTS = 2000;
  private static final int XID_AT = 4;

  private final SplittableRandom random;
  private final List<byte[]> samples;

  Mutator(long seed, List<byte[]> samples) {
    this.random = new SplittableRandom(seed);
    this.samples = samples;
  }

  /** Chooses the next kind of harm; the oversized record is rare, for each takes a connection. */
  Attack choose() {
    int chance = random.nextInt(100);
    return switch (chance / 5) {
      case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 -> Attack.MUTATED;
      case 10, 11, 12 -> Attack.CUT;
      case 13 -> Attack.SHORT;
      case 14, 15 -> Attack.NOISE;
      case 16 -> Attack.RAW_NOISE;
      case 17, 18 -> Attack.FRAGMENTS;
      default -> chance < 97 ? Attack.DROPPED : chance < 99 ? Attack.NOISE : Attack.HUGE;
    };
  }

  /** The bytes to send. */
  byte[] message(Attack attack) {
    return switch (attack) {
      case MUTATED -> mutated(sample());
      case CUT -> cut(sample());
      case SHORT -> shortened(sample());
      case NOISE -> noise(true);
      case RAW_NOISE -> noise(false);
      case FRAGMENTS -> fragments(sample());
      case HUGE -> huge();
      case DROPPED -> Arrays.copyOf(sample(), 1 + random.nextInt(40));
    };
  }

  private byte[] sample() {
    byte[] message = samples.get(random.nextInt(samples.size())).clone();
    ByteBuffer.wrap(message).putInt(XID_AT, random.nextInt());
    return message;
  }

  private byte[] mutated(byte[] message) {
    ByteBuffer view = ByteBuffer.wrap(message);
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      if (random.nextBoolean()) {
        int at = 4 + random.nextInt(message.length - 4);
        message[at] ^= (byte) (1 << random.nextInt(8));
      } else {
        int word = 1 + random.nextInt(message.length / 4 - 1);
        view.putInt(word * 4, EXTREMES[random.nextInt(EXTREMES.length)]);
      }
    }
    return message;
  }

  private byte[] cut(byte[] message) {
    byte[] shorter = Arrays.copyOf(message, 4 + random.nextInt(message.length - 4));
    ByteBuffer.wrap(shorter).putInt(0, RpcMessage.LAST_FRAGMENT | (shorter.length - 4));
    return shorter;
  }

  private byte[] shortened(byte[] message) {
    ByteBuffer view = ByteBuffer.wrap(message);
    int longer = message.length - 4 + 1 + random.nextInt(2000);
    view.putInt(0, RpcMessage.LAST_FRAGMENT | longer);
    return message;
  }

  private byte[] noise(boolean framed) {
    byte[] bytes = new byte[8 + random.nextInt(1024)];
    random.nextBytes(bytes);
    if (framed) {
      ByteBuffer.wrap(bytes).putInt(0, RpcMessage.LAST_FRAGMENT | (bytes.length - 4));
    }
    return bytes;
  }

  private byte[] fragments(byte[] message) {
    ByteBuffer out = ByteBuffer.allocate(message.length + 4 * (MOST_FRAGMENTS + message.length));
    int empty = random.nextInt(MOST_FRAGMENTS);
    for (int i = 0; i < empty; i++) {
      out.putInt(0);
    }
    int at = 4;
    while (at < message.length) {
      int size = Math.min(1 + random.nextInt(8), message.length - at);
      boolean last = at + size == message.length;
      out.putInt((last ? RpcMessage.LAST_FRAGMENT : 0) | size).put(message, at, size);
      at += size;
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  private byte[] huge() {
    byte[] bytes = new byte[64];
    random.nextBytes(bytes);
    ByteBuffer.wrap(bytes).putInt(0, random.nextBoolean() ? -1 : Integer.MAX_VALUE);
    return bytes;
  }
}
