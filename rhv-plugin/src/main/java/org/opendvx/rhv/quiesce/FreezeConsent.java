package org.opendvx.rhv.quiesce;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmRef;

/**
 * For which machines somebody agreed to freezes by the engine, knowing the risk: a Linux guest that
 * the engine froze stays frozen until it is thawed through the engine or on its host; if neither
 * can be reached, its writes hang. A text file, one machine a line. Thread-safe.
 */
public final class FreezeConsent {
  /** What a person must know before agreeing. */
  public static final String RISK =
      "A guest that the engine freezes does not thaw by itself. If the engine and every other way"
          + " to its host are lost within the second that a snapshot takes, its writes hang until"
          + " one of them is back. Prefer the DVX agent, which thaws by itself.";

  private static final int MOST = 10_000;

  private final Path file;
  private final Set<String> machines = new TreeSet<>();

  /** Kept in a file, which need not exist. */
  public FreezeConsent(Path file) {
    this.file = file;
    try {
      if (Files.exists(file)) {
        Files.readAllLines(file, StandardCharsets.UTF_8).stream()
            .filter(line -> !line.isBlank())
            .limit(MOST)
            .forEach(machines::add);
      }
    } catch (IOException e) {
      throw trouble(e);
    }
  }

  /** Whether the machine may be frozen by its engine. */
  public synchronized boolean given(VmRef vm) {
    return machines.contains(vm.toString());
  }

  /** All machines that may be. */
  public synchronized List<String> all() {
    return List.copyOf(machines);
  }

  /** Gives or takes back. */
  public synchronized void set(VmRef vm, boolean given) {
    if (given && machines.size() >= MOST) {
      throw DvxException.of(Kind.CONFLICT, "Too many machines may be frozen by their engine")
          .cause("There are " + MOST)
          .remedy("Take some back")
          .build();
    }
    if (given ? machines.add(vm.toString()) : machines.remove(vm.toString())) {
      Path fresh = file.resolveSibling(file.getFileName() + ".new");
      try {
        Files.write(fresh, machines, StandardCharsets.UTF_8);
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw trouble(e);
      }
    }
  }

  private DvxException trouble(IOException e) {
    return DvxException.of(Kind.INTERNAL, "The list of machines to freeze cannot be used")
        .causedBy(e)
        .remedy("Check the node's data folder: space and rights")
        .detail("file", file)
        .build();
  }
}
