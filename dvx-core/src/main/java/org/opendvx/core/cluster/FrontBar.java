package org.opendvx.core.cluster;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;

/**
 * Refuses changes that arrive through this host after it was declared dead: its hypervisor may send
 * again what it had under way, while the machine was restarted on another host. All changes are
 * refused until a hypervisor adapter has told which machines run where; from then on those of files
 * whose machines run elsewhere, and of names beside them. A file is free when it is confirmed that
 * its machine runs here. Thread-safe.
 */
public final class FrontBar {
  private final Set<Long> confirmed = new HashSet<>();
  private final Map<Long, Place> elsewhere = new HashMap<>();
  private volatile State state = State.OPEN;
  private volatile long closings;

  /**
   * Where a file of a machine lies, or a directory that is its own.
   *
   * @param own whether the directory is that of machines elsewhere only: no name in it is changed
   *     through this host then. Else only the file's own name is not
   */
  public record Place(FileKey file, FileKey directory, String name, boolean own) {}

  /** What is refused; one that narrows the bar is whole before it is seen. */
  private record State(
      boolean closed,
      Set<Long> confirmed,
      Set<Long> files,
      Set<Long> directories,
      Set<FileOp.Name> names) {
    static final State OPEN = new State(false, Set.of(), Set.of(), Set.of(), Set.of());
  }

  FrontBar() {}

  /** What was known of machines does not count any more. */
  synchronized void close() {
    closings = closings + 1;
    confirmed.clear();
    elsewhere.clear();
    show(true);
  }

  private void show(boolean closed) {
    state =
        new State(
            closed,
            Set.copyOf(confirmed),
            Set.copyOf(elsewhere.keySet()),
            elsewhere.values().stream()
                .filter(Place::own)
                .map(place -> place.directory().file())
                .collect(Collectors.toUnmodifiableSet()),
            elsewhere.values().stream()
                .map(
                    place ->
                        FileOp.Name.of(
                            place.directory(), place.name().getBytes(StandardCharsets.UTF_8)))
                .collect(Collectors.toUnmodifiableSet()));
  }

  /**
   * The machine of these files runs on this host.
   *
   * @param asOf {@link #closings} from before that was asked; what was asked before it was closed
   *     again does not count
   */
  public synchronized void confirm(Collection<Long> files, long asOf) {
    if (asOf != closings) {
      return;
    }
    Set<Long> freed = new HashSet<>();
    for (long file : files) {
      Place place = elsewhere.remove(file);
      if (place != null) {
        freed.add(place.directory().file());
      }
    }
    elsewhere.keySet().removeAll(freed);
    // A directory of a machine that runs here is not one of machines elsewhere only.
    elsewhere.replaceAll(
        (_, place) ->
            freed.contains(place.directory().file())
                ? new Place(place.file(), place.directory(), place.name(), false)
                : place);
    confirmed.addAll(files);
    show(state.closed());
  }

  /** How often it was closed: to be given to {@link #narrow} and {@link #confirm}. */
  public long closings() {
    return closings;
  }

  /**
   * It is known of all machines where they run.
   *
   * @param files of those that run elsewhere: the rest may be changed
   * @param asOf {@link #closings} from before that was asked; what was asked before it was closed
   *     again does not count
   */
  public synchronized void narrow(Collection<Place> files, long asOf) {
    if (asOf == closings) {
      Set<Long> here = new HashSet<>();
      for (Place place : files) {
        if (confirmed.contains(place.file().file())) {
          here.add(place.directory().file());
        }
      }
      for (Place place : files) {
        if (!confirmed.contains(place.file().file())) {
          boolean own = place.own() && !here.contains(place.directory().file());
          elsewhere.put(
              place.file().file(), new Place(place.file(), place.directory(), place.name(), own));
        }
      }
      show(false);
    }
  }

  /** No machine of this host runs elsewhere. */
  public synchronized void confirmAll() {
    elsewhere.clear();
    show(false);
  }

  /** Whether no file may be changed through this host but those that were confirmed. */
  public boolean closed() {
    return state.closed();
  }

  /** Refuses if so; the client comes again until it is confirmed. */
  void check(FileOp<?> op) {
    if (op.changes() && refuses(state, op)) {
      throw new FileException(
          FileError.BUSY, "it is not confirmed that the file's machine runs on this host");
    }
  }

  private static boolean refuses(State now, FileOp<?> op) {
    if (now.closed()) {
      return !now.confirmed().contains(op.key().file());
    }
    return now.files().contains(op.key().file())
        || op.named().stream()
            .anyMatch(
                name -> now.names().contains(name) || now.directories().contains(name.directory()));
  }
}
