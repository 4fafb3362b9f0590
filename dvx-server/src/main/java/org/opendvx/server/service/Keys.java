package org.opendvx.server.service;

import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.ResealStatus;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.KeysView;

/** The data keys as people see and change them. Thread-safe. */
public final class Keys {
  private final Supplier<Optional<ResealStatus>> status;
  private final Supplier<Optional<CleanerStatus>> cleaner;
  private final IntSupplier renewal;
  private final EventLog events;

  /**
   * Over a node's store.
   *
   * @param status empty where the data key cannot be changed
   * @param cleaner what seals anew
   * @param renewal makes a new data key; gives its id
   */
  public Keys(
      Supplier<Optional<ResealStatus>> status,
      Supplier<Optional<CleanerStatus>> cleaner,
      IntSupplier renewal,
      EventLog events) {
    this.status = status;
    this.cleaner = cleaner;
    this.renewal = renewal;
    this.events = events;
  }

  /**
   * The keys now.
   *
   * @throws DvxException UNSUPPORTED where the data key cannot be changed
   */
  public KeysView view() {
    ResealStatus now =
        status
            .get()
            .orElseThrow(
                () ->
                    DvxException.of(Kind.UNSUPPORTED, "This node cannot change the data key")
                        .cause("It is alone over a data node's pool, where it has no cleaner")
                        .remedy("Nothing was changed; dvx host, over the same kind of pool, can")
                        .build());
    return new KeysView(
        now.keyId(),
        List.copyOf(now.keyIds()),
        now.active(),
        now.since(),
        now.startContainers(),
        now.startBytes(),
        known(now.containersLeft()),
        known(now.bytesLeft()),
        now.active() ? trouble(now) : null);
  }

  private static @Nullable Long known(long number) {
    return number < 0 ? null : number;
  }

  private @Nullable String trouble(ResealStatus now) {
    CleanerStatus cleaning = cleaner.get().orElse(null);
    if (now.trouble() != null || cleaning == null) {
      return now.trouble();
    }
    if (cleaning.state() == CleanerStatus.State.OFF) {
      return "The cleaner, which seals anew, is off: cleaner.mode";
    }
    if (cleaning.trouble() != null) {
      return cleaning.trouble();
    }
    int stuck = cleaning.stuckContainers();
    return stuck == 0
        ? null
        : Counted.of(stuck, "container") + " cannot be read now: dvx clean status";
  }

  /** Makes a new data key; everything is sealed anew under it in the background. */
  public KeysView renew() {
    KeysView before = view();
    CleanerStatus cleaning = cleaner.get().orElse(null);
    if (cleaning == null || cleaning.state() == CleanerStatus.State.OFF) {
      throw DvxException.of(Kind.UNAVAILABLE, "Nothing would be sealed anew")
          .cause("The cleaner, which does that, is off")
          .remedy("Set cleaner.mode to on and start the node again; nothing was changed")
          .build();
    }
    int id = renewal.getAsInt();
    events.add(
        EventLog.Severity.INFO,
        "key.renewed",
        Integer.toString(id),
        "data key " + id + " takes the place of " + before.keyId() + "; all is sealed anew");
    return view();
  }
}
