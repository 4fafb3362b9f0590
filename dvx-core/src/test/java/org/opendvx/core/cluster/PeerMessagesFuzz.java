package org.opendvx.core.cluster;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.RequestTag;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** Calls of one host to another, and their answers. */
public final class PeerMessagesFuzz implements FuzzTarget {
  private static final int OPERATIONS = 64;

  /** Found by name. */
  public PeerMessagesFuzz() {}

  @Override
  public String name() {
    return "peer";
  }

  @Override
  public List<byte[]> seeds() {
    Caller caller = new Caller(1, 2, new int[] {3, 4}, new RequestTag(5, 6));
    FileKey key = new FileKey(0, 16);
    byte[] name = "name".getBytes(StandardCharsets.UTF_8);
    AttributeChange change =
        new AttributeChange(
            0644, 1, 2, 3L, new AttributeChange.Time.Server(), new AttributeChange.Time.Client(9));
    List<PeerCall> calls =
        List.of(
            new PeerCall.Run("a", new ContentOp.Get(key)),
            new PeerCall.Run("a", new NameOp.Lookup(caller, key, name)),
            new PeerCall.Change("a", 1, 2, new ContentOp.Set(caller, key, change, 7L)),
            new PeerCall.Change(
                "a",
                1,
                2,
                new ContentOp.Write(caller, key, 0, ByteBuffer.wrap(new byte[100]), true)),
            new PeerCall.Change("a", 1, 2, new NameOp.Rename(caller, key, name, key, name)),
            new PeerCall.Clock(),
            new PeerCall.Stop("a", 16, 2, "b", true),
            new PeerCall.Preview("a", 16, true),
            new PeerCall.Given("a", 16),
            new PeerCall.Freeze("a", 3, List.of(16L, 17L)),
            new PeerCall.Release("a", 3),
            new PeerCall.Settle("a", 3),
            new PeerCall.Drop("a", 3),
            new PeerCall.Take("a", List.of(16L)));
    List<byte[]> seeds = new ArrayList<>();
    calls.forEach(call -> seeds.add(PeerCall.encode(call, 9)));
    // An operation of every number, with bytes behind it for whatever it takes.
    for (int code = 0; code < OPERATIONS; code++) {
      Wire.Out out = new Wire.Out().put(PeerCall.VERSION).putLong(9);
      out.put(PeerCall.CHANGE).putText("a").putLong(1).putLong(2).put(code);
      byte[] head = out.done();
      seeds.add(Arrays.copyOf(head, head.length + 200));
    }
    seeds.add(PeerReply.ok(out -> out.putLong(3)));
    seeds.add(PeerReply.failure(new IllegalStateException("x")));
    return seeds;
  }

  @Override
  public void check(byte[] input) {
    try {
      PeerCall.Sent sent = PeerCall.decode(input);
      byte[] written = PeerCall.encode(sent.call(), sent.life());
      PeerCall.Sent again = PeerCall.decode(written);
      byte[] second = PeerCall.encode(again.call(), again.life());
      Checks.holds(Arrays.equals(written, second), "a call changed");
    } catch (DvxException e) {
      Checks.refused(e);
    }
    try {
      Wire.In _ = PeerReply.body(input);
    } catch (DvxException e) {
      Checks.refused(e);
    } catch (FileException | RouteException | PeerReply.AwayElsewhere e) {
      // What a peer may say.
      Checks.holds(e.getStackTrace() != null, "a failure");
    }
  }
}
