package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Encoding of records and messages: big-endian numbers, byte strings with a length in front. */
final class Wire {
  private Wire() {}

  /** Writes; grows as needed. Confined to one thread. */
  static final class Out {
    private static final int START = 256;

    private byte[] bytes = new byte[START];
    private ByteBuffer buffer = ByteBuffer.wrap(bytes);

    private ByteBuffer room(int more) {
      if (buffer.remaining() < more) {
        int used = buffer.position();
        bytes = Arrays.copyOf(bytes, Math.max(used + more, 2 * bytes.length));
        buffer = ByteBuffer.wrap(bytes).position(used);
      }
      return buffer;
    }

    Out put(int value) {
      room(1).put((byte) value);
      return this;
    }

    Out putBoolean(boolean value) {
      return put(value ? 1 : 0);
    }

    Out putInt(int value) {
      room(Integer.BYTES).putInt(value);
      return this;
    }

    Out putLong(long value) {
      room(Long.BYTES).putLong(value);
      return this;
    }

    Out putBytes(byte[] value) {
      putInt(value.length);
      room(value.length).put(value);
      return this;
    }

    Out putBuffer(ByteBuffer value) {
      putInt(value.remaining());
      room(value.remaining()).put(value.duplicate());
      return this;
    }

    Out putText(String value) {
      return putBytes(value.getBytes(StandardCharsets.UTF_8));
    }

    <T> Out putOptional(@Nullable T value, BiConsumer<Out, T> writer) {
      putBoolean(value != null);
      if (value != null) {
        writer.accept(this, value);
      }
      return this;
    }

    <T> Out putList(List<T> values, BiConsumer<Out, T> writer) {
      putInt(values.size());
      values.forEach(value -> writer.accept(this, value));
      return this;
    }

    byte[] done() {
      return Arrays.copyOf(bytes, buffer.position());
    }
  }

  /** Reads; believes no length that the remaining bytes cannot hold. Confined to one thread. */
  static final class In {
    private final ByteBuffer buffer;

    In(byte[] bytes) {
      buffer = ByteBuffer.wrap(bytes);
    }

    int get() {
      return buffer.get();
    }

    boolean getBoolean() {
      return buffer.get() != 0;
    }

    int getInt() {
      return buffer.getInt();
    }

    long getLong() {
      return buffer.getLong();
    }

    byte[] getBytes() {
      int length = buffer.getInt();
      if (length < 0 || length > buffer.remaining()) {
        throw new BufferUnderflowException();
      }
      byte[] value = new byte[length];
      buffer.get(value);
      return value;
    }

    String getText() {
      return new String(getBytes(), StandardCharsets.UTF_8);
    }

    <T> @Nullable T getOptional(Function<In, T> reader) {
      return getBoolean() ? reader.apply(this) : null;
    }

    <T> List<T> getList(Function<In, T> reader) {
      int count = buffer.getInt();
      if (count < 0 || count > buffer.remaining()) {
        throw new BufferUnderflowException();
      }
      List<T> values = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        values.add(reader.apply(this));
      }
      return values;
    }
  }

  /** Reads a record of the register whole. */
  static <T> T read(String what, byte[] bytes, int version, Function<In, T> reader) {
    In in = new In(bytes);
    try {
      int found = in.get();
      if (found != version) {
        throw DvxException.of(
                Kind.UNSUPPORTED, what + " has a format that this version does not know")
            .remedy("Run the same version on all hosts")
            .detail("format", found)
            .build();
      }
      return reader.apply(in);
    } catch (BufferUnderflowException e) {
      throw DvxException.of(Kind.CORRUPT, what + " cannot be read")
          .cause("it ends early")
          .causedBy(e)
          .build();
    }
  }
}
