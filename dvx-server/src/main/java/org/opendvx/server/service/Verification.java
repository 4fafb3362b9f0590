package org.opendvx.server.service;

import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.local.DriveCare;
import org.opendvx.core.verify.Verifier;
import org.opendvx.core.verify.VerifyReport;
import org.opendvx.server.api.VerifyView;

/** Verifies everything that is stored. Thread-safe; one verification at a time. */
public final class Verification {
  private static final int ALL = 100;

  private final @Nullable Reclaim store;
  private final @Nullable DriveCare drives;

  /**
   * Over a store.
   *
   * @param store null where there is no way to walk it from this process
   * @param drives null where they are those of a data node
   */
  public Verification(@Nullable Reclaim store, @Nullable DriveCare drives) {
    this.store = store;
    this.drives = drives;
  }

  /** Verifies. */
  public synchronized VerifyView run(Progress progress) {
    if (store == null) {
      throw DvxException.of(Kind.UNSUPPORTED, "The store cannot be verified from here")
          .cause("It is shared by several hosts: this one does not see what others refer to")
          .remedy("Scrub the drives at the data node")
          .build();
    }
    progress.at(0, "walking from the roots");
    try {
      VerifyReport report =
          new Verifier(
                  store,
                  drives,
                  (done, total) ->
                      progress.at(
                          (int) (ALL * done / Math.max(1, total)),
                          done + " of " + total + " containers"))
              .run();
      return new VerifyView(
          report.clean(),
          report.containers(),
          report.bytes(),
          report.slots(),
          report.nodes(),
          report.references(),
          report.unreachable(),
          report.unreachableBytes(),
          report.problems(),
          report.details());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, "The verification was interrupted").build();
    }
  }
}
