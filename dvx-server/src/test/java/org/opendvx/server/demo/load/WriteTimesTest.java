package org.opendvx.server.demo.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.opendvx.server.demo.load.WriteTimes.Longest;
import org.opendvx.server.demo.load.WriteTimes.Window;

class WriteTimesTest {
  private final WriteTimes times = new WriteTimes();

  @Test
  void aWriteThatIsOpenInAWindowBelongsToIt() {
    times.add(0, 7);
    times.add(90, 100);
    times.add(95, 130);
    times.add(120, 125);
    times.add(200, 203);
    List<Window> windows = List.of(new Window(100, 110), new Window(300, 310));
    assertEquals(new Longest(35, 7), times.longest(windows, 1000));
  }

  @Test
  void writesSentAfterTheEndDoNotCount() {
    times.add(0, 7);
    times.add(50, 99);
    assertEquals(new Longest(0, 7), times.longest(List.of(), 50));
  }

  @Test
  void moreWritesThanTheFirstRoomAreKept() {
    for (int i = 0; i < 40_000; i++) {
      times.add(i, i + 1 + (i == 39_999 ? 10 : 0));
    }
    assertEquals(40_000, times.count());
    assertEquals(new Longest(0, 11), times.longest(List.of(), 50_000));
  }
}
