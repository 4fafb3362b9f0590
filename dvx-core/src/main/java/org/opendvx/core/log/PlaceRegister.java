package org.opendvx.core.log;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.CheckedRecord;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/**
 * What the cleaner did and is about to do, in the register: which containers are condemned, which
 * it may be writing, and where moved ones are. Bytes: docs/formats/cleaner.md.
 *
 * <p>Answers come from memory, from one immutable view, and change only after the register has
 * taken the change. There is one cleaner at a time; its calls are serialised by the monitor. A
 * write whose outcome is unknown leaves memory as it was, and what memory says is written again
 * before anything relies on it ({@link #confirm}).
 *
 * <p>Where the cleaner is another process, this one {@linkplain #follow follows} it. A place that
 * was seen condemned stays so in memory: it may have been deleted since, and what else is
 * remembered of it is not to be believed.
 */
public final class PlaceRegister implements ContainerPlaces {
  static final String STATE = "clean/state";
  static final String PAGES = "clean/places/";

  private static final int MAX_AGES = 128;

  private final RecordStore records;
  private final Epoch epoch;
  private final Map<String, CheckedRecord> written = new HashMap<>();
  private final TreeMap<Long, SortedMap<Long, Long>> pages = new TreeMap<>();
  private final TreeSet<Long> unconfirmed = new TreeSet<>();
  private final TreeSet<Long> condemned = new TreeSet<>();
  private final TreeSet<Long> intended = new TreeSet<>();
  private final TreeMap<Long, Long> ages = new TreeMap<>();

  private final BygonePlaces bygone = new BygonePlaces();
  private final LongConsumer deleted;

  /** Whether this process changed the register: then memory knows better. */
  private boolean writes;

  private volatile View view = new View(PlacePages.EMPTY, new long[0]);

  /** Both at once, so that nobody sees a moved container without the end of its sentence. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record View(PlacePages places, long[] condemned) {}

  private PlaceRegister(RecordStore records, Epoch epoch, LongConsumer deleted) {
    this.deleted = deleted;
    this.records = records;
    this.epoch = epoch;
  }

  /**
   * Reads the register.
   *
   * @param deleted told of containers that were deleted, maybe by another process: what is
   *     remembered of them holds no more
   * @throws DvxException CORRUPT or UNSUPPORTED when the records cannot be understood
   */
  public static PlaceRegister load(RecordStore records, Epoch epoch, LongConsumer deleted) {
    PlaceRegister register = new PlaceRegister(records, epoch, deleted);
    register.read();
    return register;
  }

  private synchronized void read() {
    Optional<byte[]> state = record(STATE).read();
    if (state.isPresent()) {
      PlaceRecords.State found = PlaceRecords.decodeState(state.get());
      condemned.addAll(found.condemned());
      intended.addAll(found.intended());
      ages.putAll(found.ages());
    }
    for (String key : records.keys(PAGES)) {
      Optional<byte[]> page = record(key).read();
      if (page.isPresent()) {
        long number = Long.parseLong(key.substring(PAGES.length()));
        pages.put(number, new TreeMap<>(PlaceRecords.decodePage(page.get())));
        if (!condemned.isEmpty() || !intended.isEmpty()) {
          // The last process did not finish: its last write may be on a part of the drives only.
          unconfirmed.add(number);
        }
      }
    }
    PlacePages all = PlacePages.EMPTY;
    for (Map.Entry<Long, SortedMap<Long, Long>> page : pages.entrySet()) {
      all = all.with(page.getKey(), page.getValue());
    }
    view = new View(all, array(condemned));
  }

  /**
   * Takes up what the cleaner of another process did since; it is in force when this returns. When
   * it fails nothing has changed. Does nothing in the process of the cleaner.
   */
  public synchronized void follow() {
    if (writes) {
      return;
    }
    // The state before the pages, as the cleaner writes them the other way round.
    Optional<VersionedRecord> found = records.get(STATE);
    List<Long> now =
        found.map(state -> PlaceRecords.decodeState(state.value()).condemned()).orElse(List.of());
    TreeMap<Long, SortedMap<Long, Long>> read = new TreeMap<>();
    for (String key : records.keys(PAGES)) {
      records
          .get(key)
          .ifPresent(
              page ->
                  read.put(
                      Long.parseLong(key.substring(PAGES.length())),
                      new TreeMap<>(PlaceRecords.decodePage(page.value()))));
    }
    LongStream gone = bygone.add(condemned, now);
    condemned.clear();
    condemned.addAll(now);
    PlacePages all = view.places;
    for (Map.Entry<Long, SortedMap<Long, Long>> page : read.entrySet()) {
      all = all.with(page.getKey(), page.getValue());
    }
    pages.putAll(read);
    view = new View(all, bygone.with(condemned));
    gone.forEach(deleted);
  }

  @Override
  public synchronized void lookAgain(long container) {
    if (writes) {
      return;
    }
    long number = PlacePages.pageOf(container);
    Optional<VersionedRecord> found = records.get(PAGES + number);
    if (found.isPresent()) {
      SortedMap<Long, Long> page = new TreeMap<>(PlaceRecords.decodePage(found.get().value()));
      pages.put(number, page);
      view = new View(view.places.with(number, page), view.condemned);
    }
  }

  @Override
  public long placeOf(long container) {
    long place = view.places.get(container);
    return place == 0 ? container : place;
  }

  @Override
  public boolean condemned(long container) {
    View now = view;
    if (now.condemned.length == 0) {
      return false;
    }
    long place = now.places.get(container);
    return Arrays.binarySearch(now.condemned, place == 0 ? container : place) >= 0;
  }

  /** How many containers are somewhere else than where their addresses say. */
  public int moved() {
    return view.places.size();
  }

  /** The containers that are at some of these places, by place. */
  public Map<Long, List<Long>> at(Collection<Long> wanted) {
    Map<Long, List<Long>> found = new TreeMap<>();
    for (long place : wanted) {
      found.put(place, new ArrayList<>());
    }
    View now = view;
    for (long place : wanted) {
      if (now.places.get(place) == 0) {
        // A container that was not moved is its own place; ids of places are not reused for others.
        found.getOrDefault(place, List.of()).add(place);
      }
    }
    now.places.forEach(
        (container, place) -> {
          List<Long> list = found.get(place);
          if (list != null) {
            list.add(container);
          }
        });
    found.values().forEach(list -> list.sort(null));
    return found;
  }

  /** The physical containers that are condemned. */
  public synchronized List<Long> condemnedNow() {
    return List.copyOf(condemned);
  }

  /** The containers that were about to be put. */
  public synchronized List<Long> intendedNow() {
    return List.copyOf(intended);
  }

  /** Whether any container is at a place, as memory says. */
  public boolean isPlace(long place) {
    boolean[] found = new boolean[1];
    view.places.forEach((_, value) -> found[0] |= value == place);
    return found[0];
  }

  /** Condemns containers, for good; durable on return. */
  public synchronized void condemn(Collection<Long> victims) {
    TreeSet<Long> more = new TreeSet<>(condemned);
    more.addAll(victims);
    writeState(more, intended, ages);
    condemned.addAll(victims);
    view = new View(view.places, bygone.with(condemned));
  }

  /** Notes that a container is about to be put; durable on return. */
  public synchronized void intend(long target) {
    TreeSet<Long> more = new TreeSet<>(intended);
    more.add(target);
    writeState(condemned, more, ages);
    intended.add(target);
  }

  /**
   * Notes that containers with higher ids were opened after a checkpoint was complete; becomes
   * durable with the next change. Old notes are thinned out.
   */
  public synchronized void noteAge(long highestContainer, long checkpoint) {
    ages.put(highestContainer, checkpoint);
    while (ages.size() > MAX_AGES) {
      // Every other of the older half goes: far back, less precision is enough.
      List<Long> keys = new ArrayList<>(ages.keySet());
      for (int i = 1; i < keys.size() / 2; i += 2) {
        ages.remove(keys.get(i));
      }
    }
  }

  /**
   * A checkpoint that was complete before a container was opened: nothing of that birth or an older
   * one refers to it. 0 when none is known.
   */
  public synchronized long agesOf(long container) {
    Map.Entry<Long, Long> below = ages.lowerEntry(container);
    return below == null ? 0 : below.getValue();
  }

  /**
   * Publishes where containers are from now on; durable on return.
   *
   * @param moves container to its new place; place 0 forgets a container of which nothing is left
   */
  public synchronized void publish(SortedMap<Long, Long> moves) {
    TreeMap<Long, TreeMap<Long, Long>> changed = new TreeMap<>();
    moves.forEach(
        (container, place) ->
            changed
                .computeIfAbsent(PlacePages.pageOf(container), _ -> new TreeMap<>())
                .put(container, place));
    // Page by page: should one fail, memory knows which of the others are in force.
    changed.forEach(this::publishPage);
  }

  private void publishPage(long number, SortedMap<Long, Long> moves) {
    TreeMap<Long, Long> page = new TreeMap<>(pages.getOrDefault(number, new TreeMap<>()));
    moves.forEach(
        (container, place) -> {
          if (place == 0) {
            page.remove(container);
          } else {
            page.put(container, place);
          }
        });
    writePage(number, page);
    view = new View(view.places.with(number, page), view.condemned);
  }

  /** Makes sure that the register says what memory says; what follows may rely on it. */
  public synchronized void confirm() {
    for (long number : List.copyOf(unconfirmed)) {
      writePage(number, pages.getOrDefault(number, new TreeMap<>()));
    }
  }

  /** Ends what was noted of containers that are gone, or were put and published. */
  public synchronized void settle(Collection<Long> gone, Collection<Long> targets) {
    TreeSet<Long> guilty = new TreeSet<>(condemned);
    gone.forEach(guilty::remove);
    TreeSet<Long> left = new TreeSet<>(intended);
    targets.forEach(left::remove);
    writeState(guilty, left, ages);
    bygone.add(condemned, guilty).forEach(deleted);
    condemned.retainAll(guilty);
    intended.retainAll(left);
    view = new View(view.places, bygone.with(condemned));
  }

  private void writePage(long number, SortedMap<Long, Long> page) {
    unconfirmed.add(number);
    write(PAGES + number, PlaceRecords.encodePage(page));
    pages.put(number, page);
    unconfirmed.remove(number);
  }

  private void writeState(
      Collection<Long> nowCondemned, Collection<Long> nowIntended, SortedMap<Long, Long> nowAges) {
    write(
        STATE,
        PlaceRecords.encode(
            new PlaceRecords.State(
                List.copyOf(nowCondemned), List.copyOf(nowIntended), new TreeMap<>(nowAges))));
  }

  private void write(String key, byte[] bytes) {
    if (bytes.length > RecordStore.MAX_VALUE) {
      throw DvxException.of(Kind.INTERNAL, "The cleaner has too much to note")
          .detail("record", key)
          .detail("bytes", bytes.length)
          .build();
    }
    writes = true;
    record(key).write(epoch, bytes);
  }

  private CheckedRecord record(String key) {
    return written.computeIfAbsent(
        key, _ -> new CheckedRecord(records, key, "Another process cleans the same pool"));
  }

  private static long[] array(Collection<Long> sorted) {
    return sorted.stream().mapToLong(Long::longValue).toArray();
  }
}
