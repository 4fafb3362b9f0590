package org.opendvx.core.vm;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;

/**
 * One machine on its way through the stages. Changed by the thread that runs them, and by one other
 * at a time while that thread waits for it.
 */
final class Member {
  private final VmDescription vm;
  private final String name;
  private final List<FileKey> files;
  private final Map<String, String> labels;
  private final SnapshotPolicy policy;
  private final String who;
  private final Optional<Quiescer> quiescer;
  private final Optional<WitnessedShutdown> shutdown;
  private final List<String> limits;
  private volatile Quiescer.@Nullable Prepared prepared;
  private volatile Quiescer.@Nullable Held held;
  private volatile Quiescer.@Nullable Outcome outcome;
  private volatile @Nullable DvxException failure;
  private volatile boolean recordOpen;

  Member(
      VmDescription vm,
      String name,
      List<FileKey> files,
      VmSnapshots.Request request,
      Optional<Quiescer> quiescer,
      Optional<WitnessedShutdown> shutdown,
      List<String> limits) {
    this.vm = vm;
    this.name = name;
    this.files = files;
    this.labels = request.labels();
    this.policy = request.policy();
    this.who = request.who();
    this.quiescer = quiescer;
    this.shutdown = shutdown;
    this.limits = new ArrayList<>(limits);
  }

  VmDescription vm() {
    return vm;
  }

  String name() {
    return name;
  }

  List<FileKey> files() {
    return files;
  }

  Map<String, String> labels() {
    return labels;
  }

  SnapshotPolicy policy() {
    return policy;
  }

  String who() {
    return who;
  }

  Optional<Quiescer> quiescer() {
    return quiescer;
  }

  /** How a machine that is off was shut down, if that was seen. */
  Optional<WitnessedShutdown> shutdown() {
    return shutdown;
  }

  /** Whether the guest has a part in what can be claimed. */
  boolean hasGuest() {
    return quiescer.isPresent() || shutdown.isPresent();
  }

  /** Whether a guest is to be frozen and nothing has gone wrong so far. */
  boolean freezes() {
    return quiescer.isPresent() && failure == null;
  }

  /** Whether its beginning is recorded and no end is. */
  boolean recordOpen() {
    return recordOpen;
  }

  void recordOpen(boolean value) {
    recordOpen = value;
  }

  void prepared(Quiescer.Prepared value) {
    prepared = value;
  }

  Quiescer.@Nullable Prepared prepared() {
    return prepared;
  }

  void held(Quiescer.Held value) {
    held = value;
  }

  Quiescer.@Nullable Held held() {
    return held;
  }

  void outcome(Quiescer.Outcome value) {
    outcome = value;
  }

  Quiescer.@Nullable Outcome outcome() {
    return outcome;
  }

  /** The guest could not be held, or not for long enough. */
  void failed(DvxException why) {
    failure = why;
    limits.add("the guest was not frozen: " + why.getMessage());
  }

  /** It was let go before the cut was confirmed. */
  void late(String why) {
    held = null;
    limits.add(why);
  }

  @Nullable DvxException failure() {
    return failure;
  }

  void limit(String reason) {
    limits.add(reason);
  }

  List<String> limits() {
    return limits;
  }

  String reason() {
    return String.join("; ", limits);
  }

  /** Lets the guest go, whatever state it is in; never throws. */
  void abort(String reason) {
    Quiescer.Held guest = held;
    Quiescer.Prepared waiting = prepared;
    if (guest != null) {
      guest.abort(reason);
    } else if (waiting != null) {
      waiting.close();
    }
  }
}
