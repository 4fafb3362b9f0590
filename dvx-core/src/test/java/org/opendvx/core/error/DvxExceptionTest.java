package org.opendvx.core.error;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DvxExceptionTest {
  @Test
  void rendersItsFourPartsInOrder() {
    DvxException error =
        DvxException.of(Kind.NO_SPACE, "The pool is full")
            .cause("All drives are above 97 %\nfor 3 minutes")
            .remedy("Delete snapshots or add a drive")
            .detail("pool", "main")
            .detail("drives", 6)
            .build();

    assertEquals(
        """
        error: The pool is full
          cause:   All drives are above 97 %
                   for 3 minutes
          to do:   Delete snapshots or add a drive
          details:
            pool = main
            drives = 6""",
        error.render());
    assertEquals(Kind.NO_SPACE, error.kind());
  }

  @Test
  void leavesOutPartsThatAreEmpty() {
    assertEquals("error: It broke", DvxException.of(Kind.INTERNAL, "It broke").build().render());
  }

  @Test
  void takesTheCauseFromTheExceptionUnderneath() {
    IOException source = new IOException("no such device");
    DvxException error =
        DvxException.of(Kind.UNAVAILABLE, "Drive 3 is gone").causedBy(source).build();

    assertEquals("no such device", error.report().cause());
    assertEquals("Drive 3 is gone: no such device", error.getMessage());
    assertSame(source, error.getCause());
  }

  @Test
  void namesTheExceptionUnderneathWhenThatSaysNothing() {
    DvxException error =
        DvxException.of(Kind.INTERNAL, "It broke").causedBy(new IllegalStateException()).build();

    assertEquals("IllegalStateException", error.report().cause());
  }

  @Test
  void aCauseInWordsWinsOverTheExceptionUnderneath() {
    DvxException error =
        DvxException.of(Kind.TIMEOUT, "No answer")
            .causedBy(new IOException("read timed out"))
            .cause("The node did not answer within 3 s")
            .build();

    assertEquals("The node did not answer within 3 s", error.report().cause());
  }

  @Test
  void refusesAnErrorThatSaysNothing() {
    DvxException.Builder builder = DvxException.of(Kind.INVALID, " ");

    assertThrows(IllegalArgumentException.class, builder::build);
    assertThrows(
        UnsupportedOperationException.class,
        () -> new ErrorReport("x", "", "", Map.of()).details().put("a", "b"));
  }
}
