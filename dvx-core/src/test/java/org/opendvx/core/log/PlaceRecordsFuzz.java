package org.opendvx.core.log;

import java.util.List;
import java.util.TreeMap;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** The cleaner's records. */
public final class PlaceRecordsFuzz implements FuzzTarget {
  /** Found by name. */
  public PlaceRecordsFuzz() {}

  @Override
  public String name() {
    return "place-pages";
  }

  @Override
  public List<byte[]> seeds() {
    TreeMap<Long, Long> pairs = new TreeMap<>();
    pairs.put(3L, 9L);
    pairs.put(5L, 9L);
    return List.of(
        PlaceRecords.encode(new PlaceRecords.State(List.of(1L, 2L), List.of(8L), pairs)),
        PlaceRecords.encode(new PlaceRecords.State(List.of(), List.of(), new TreeMap<>())),
        PlaceRecords.encodePage(pairs));
  }

  @Override
  public void repair(byte[] input) {
    Checks.putCrc(input, 0, input.length - 4, input.length - 4);
  }

  @Override
  public void check(byte[] input) {
    try {
      Checks.same(input, PlaceRecords.encode(PlaceRecords.decodeState(input)), "a state");
    } catch (DvxException e) {
      Checks.refused(e);
    }
    try {
      Checks.same(input, PlaceRecords.encodePage(PlaceRecords.decodePage(input)), "a page");
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
