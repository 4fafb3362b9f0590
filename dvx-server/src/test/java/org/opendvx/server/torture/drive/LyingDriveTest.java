package org.opendvx.server.torture.drive;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.pool.local.DriveFile;
import org.opendvx.core.pool.local.DriveFolder;
import org.opendvx.core.pool.local.FileSystemFolder;

class LyingDriveTest {
  private static final int BYTES = 40_000;

  @TempDir private Path folder;
  private Path root;

  @BeforeEach
  void makeDrive() throws IOException {
    root = Files.createDirectory(folder.resolve("drive"));
    Files.createDirectory(root.resolve("in"));
  }

  private DriveFolder drive(boolean forgets, double early, int fullAfter, Fault... faults)
      throws IOException {
    DrivePlan plan = new DrivePlan(List.of(faults), forgets, early, fullAfter, 60_000, 7);
    return new LyingDrives(List.of(root), List.of(plan), folder.resolve("nowhere")).at(root);
  }

  /** What the next process finds. */
  private DriveFolder left() {
    return new FileSystemFolder(root);
  }

  private static byte[] bytes(int seed) {
    byte[] bytes = new byte[BYTES];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] read(DriveFolder drive, String name) throws IOException {
    try (DriveFile file = drive.open(name, false)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
      assertEquals(bytes.capacity(), file.read(bytes, 0));
      return bytes.array();
    }
  }

  private static void make(DriveFolder drive, String name, byte[] bytes, boolean force)
      throws IOException {
    try (DriveFile file = drive.open(name, true)) {
      file.write(ByteBuffer.wrap(bytes), 0);
      if (force) {
        file.force(true);
      }
    }
  }

  private static List<String> names(DriveFolder drive, String directory) throws IOException {
    TreeSet<String> names = new TreeSet<>();
    drive.list(directory, names::add);
    return List.copyOf(names);
  }

  @Test
  void whatIsForcedWithItsNameIsThereAfterwards() throws IOException {
    DriveFolder drive = drive(true, 0, -1);
    make(drive, "in/a.tmp", bytes(1), true);
    drive.rename("in/a.tmp", "in/a");
    drive.forceDirectory("in");
    assertArrayEquals(bytes(1), read(left(), "in/a"));
    assertEquals(List.of("a"), names(left(), "in"));
  }

  @Test
  void whatIsNotForcedIsSeenByTheProcessAndByNoLaterOne() throws IOException {
    make(left(), "in/old", bytes(1), true);
    make(left(), "in/gone", bytes(2), true);
    make(left(), "in/moved", bytes(3), true);
    DriveFolder drive = drive(true, 0, -1);
    make(drive, "in/new", bytes(4), true);
    drive.delete("in/gone");
    drive.rename("in/moved", "in/there");
    byte[] some = new byte[5000];
    try (DriveFile file = drive.open("in/old", false)) {
      file.write(ByteBuffer.wrap(some), 1000);
      file.write(ByteBuffer.wrap(some), BYTES - 100);
    }
    byte[] old = read(drive, "in/old");
    assertEquals(BYTES + 4900, old.length);
    assertEquals(0, old[1000]);
    assertEquals(bytes(1)[999], old[999]);
    assertEquals(List.of("new", "old", "there"), names(drive, "in"));
    assertArrayEquals(bytes(3), read(drive, "in/there"));
    assertThrows(NoSuchFileException.class, () -> drive.open("in/gone", false));

    assertEquals(List.of("gone", "moved", "old"), names(left(), "in"));
    assertArrayEquals(bytes(1), read(left(), "in/old"));
  }

  @Test
  void aNameMayBeThereWithoutTheBytes() throws IOException {
    DriveFolder drive = drive(true, 0, -1);
    make(drive, "in/a", bytes(1), false);
    drive.forceDirectory("in");
    assertArrayEquals(bytes(1), read(drive, "in/a"));
    assertEquals(0, read(left(), "in/a").length);
  }

  @Test
  void someOfWhatIsNotForcedMayBeThere() throws IOException {
    make(left(), "in/a", new byte[BYTES], true);
    DriveFolder drive = drive(true, 0.5, -1);
    try (DriveFile file = drive.open("in/a", false)) {
      file.write(ByteBuffer.wrap(bytes(1)), 0);
      byte[] found = read(left(), "in/a");
      int there = 0;
      for (int at = 0; at < BYTES; at += Unforced.BLOCK) {
        there += found[at + 1] == bytes(1)[at + 1] ? 1 : 0;
      }
      assertTrue(there > 0 && there < BYTES / Unforced.BLOCK, "blocks: " + there);
      file.force(false);
    }
    assertArrayEquals(bytes(1), read(left(), "in/a"));
  }

  @Test
  void whatAFailedForceWasToKeepIsLostForGood() throws IOException {
    make(left(), "in/a", bytes(1), true);
    DriveFolder drive = drive(true, 0, -1, new Fault(Fault.What.LOST, Fault.Task.FORCE, 0, 1));
    try (DriveFile file = drive.open("in/a", false)) {
      file.write(ByteBuffer.wrap(bytes(2)), 0);
      assertThrows(IOException.class, () -> file.force(false));
      file.force(false);
    }
    assertArrayEquals(bytes(1), read(left(), "in/a"));
  }

  @Test
  void aTornWriteFailsAndLeavesSectors() throws IOException {
    DriveFolder drive = drive(false, 1, -1, new Fault(Fault.What.TORN, Fault.Task.WRITE, 1, 1));
    try (DriveFile file = drive.open("in/a", true)) {
      assertThrows(IOException.class, () -> file.write(ByteBuffer.wrap(bytes(1)), 0));
    }
    byte[] found = read(left(), "in/a");
    assertFalse(java.util.Arrays.equals(bytes(1), found));
    for (int at = 0; at + 512 <= found.length; at += 512) {
      boolean written = found[at] == bytes(1)[at];
      assertTrue(written || found[at] == 0);
    }
  }

  @Test
  void theNthTasksFail() throws IOException {
    make(left(), "in/a", bytes(1), true);
    DriveFolder drive = drive(false, 1, -1, new Fault(Fault.What.ERROR, Fault.Task.READ, 2, 2));
    try (DriveFile file = drive.open("in/a", false)) {
      assertEquals(BYTES, file.size());
      assertThrows(IOException.class, () -> file.read(ByteBuffer.allocate(10), 0));
      assertThrows(IOException.class, () -> drive.list("in", _ -> {}));
      assertEquals(10, file.read(ByteBuffer.allocate(10), 0));
    }
  }

  @Test
  void aFullDriveTakesAsMuchAsIsDeleted() throws IOException {
    make(left(), "in/a", bytes(1), true);
    DriveFolder drive = drive(false, 1, 0);
    try (DriveFile file = drive.open("in/b", true)) {
      IOException full =
          assertThrows(IOException.class, () -> file.write(ByteBuffer.wrap(bytes(2)), 0));
      assertTrue(String.valueOf(full.getMessage()).contains("No space left"));
      assertEquals(0, drive.freeBytes());
      drive.delete("in/a");
      assertEquals(BYTES, drive.freeBytes());
      file.write(ByteBuffer.wrap(bytes(2)), 0);
    }
    assertArrayEquals(bytes(2), read(left(), "in/b"));
  }

  @Test
  void flippedBitsAreFoundUntilTheyAreMended() throws IOException {
    Files.createDirectories(root.resolve("containers/00"));
    make(left(), "containers/00/x", bytes(1), true);
    BitFlips flips = new BitFlips();
    flips.flip(root, new Random(3));
    assertTrue(flips.count() > 0);
    assertFalse(flips.left().isEmpty());
    make(left(), "containers/00/x", bytes(1), true);
    assertEquals(List.of(), flips.left());
  }
}
