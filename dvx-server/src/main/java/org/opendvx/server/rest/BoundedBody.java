package org.opendvx.server.rest;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.opendvx.core.error.ErrorReport;
import org.opendvx.core.error.Kind;

/** A request's body that ends in a {@link LimitException} when it is too long or too slow. */
final class BoundedBody extends FilterInputStream {
  private final long deadline;
  private long left;

  BoundedBody(InputStream body, long limit, long deadline) {
    super(body);
    this.left = limit;
    this.deadline = deadline;
  }

  @Override
  public int read() throws IOException {
    int value = super.read();
    count(value < 0 ? 0 : 1);
    return value;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int count = super.read(buffer, offset, length);
    count(Math.max(count, 0));
    return count;
  }

  @Override
  public long skip(long wanted) throws IOException {
    long skipped = super.skip(wanted);
    count(skipped);
    return skipped;
  }

  private void count(long bytes) {
    left -= bytes;
    if (left < 0) {
      throw Exchange.tooLarge();
    }
    if (System.nanoTime() - deadline > 0) {
      throw new LimitException(
          408,
          new ErrorReport(
              "The request did not arrive in time",
              "Its body came too slowly",
              "Send it again",
              Map.of()),
          Kind.TIMEOUT);
    }
  }
}
