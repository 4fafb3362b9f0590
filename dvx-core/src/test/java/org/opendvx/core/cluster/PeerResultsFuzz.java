package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** Results of operations that another host ran. The first byte of an input names the operation. */
public final class PeerResultsFuzz implements FuzzTarget {
  private final List<FileOp<?>> operations = new ArrayList<>();

  /** Found by name. */
  public PeerResultsFuzz() {
    for (int code = 0; code < 64; code++) {
      byte[] bytes = new byte[400];
      bytes[0] = (byte) code;
      try {
        operations.add(FileOp.decode(new Wire.In(bytes)));
      } catch (BufferUnderflowException | IllegalArgumentException e) {
        // No operation has that number, or it takes other arguments than zeros.
        Checks.holds(code >= 0, e.toString());
      }
    }
    Checks.holds(operations.size() > 10, "operations: " + operations.size());
  }

  @Override
  public String name() {
    return "peer-results";
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (int i = 0; i < operations.size(); i++) {
      byte[] bytes = new byte[300];
      Arrays.fill(bytes, 1, 40, (byte) 1);
      bytes[0] = (byte) i;
      seeds.add(bytes.clone());
      Arrays.fill(bytes, 1, 300, (byte) 0);
      seeds.add(bytes);
    }
    return seeds;
  }

  @Override
  public void check(byte[] input) {
    if (input.length > 0) {
      FileOp<?> operation = operations.get((input[0] & 0xff) % operations.size());
      decode(operation, Arrays.copyOfRange(input, 1, input.length));
    }
  }

  private static <R> void decode(FileOp<R> operation, byte[] bytes) {
    try {
      R result = operation.decodeResult(new Wire.In(bytes));
      Wire.Out out = new Wire.Out();
      operation.encodeResult(result, out);
      byte[] written = out.done();
      Wire.Out again = new Wire.Out();
      operation.encodeResult(operation.decodeResult(new Wire.In(written)), again);
      Checks.same(written, again.done(), "a result");
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      // What the router takes for an answer that cannot be read.
      Checks.holds(e.getStackTrace().length > 0, "declared");
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
