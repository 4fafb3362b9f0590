package org.opendvx.server.service;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Waits for the datastore, with a limit, and gives its refusals their four parts. */
final class Futures {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private Futures() {}

  /** The outcome. {@code what} is what failed if it fails. */
  static <T> T await(String what, CompletableFuture<T> future) {
    try {
      return future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw switch (e.getCause()) {
        case FileException refused -> Unexpected.refused(what, refused);
        case DvxException told -> told;
        case null, default -> Unexpected.fault(e);
      };
    } catch (TimeoutException e) {
      throw DvxException.of(Kind.TIMEOUT, what)
          .cause("The datastore has not answered for " + LIMIT.toSeconds() + " seconds")
          .causedBy(e)
          .remedy("Look at dvx drives, and whether it was done after all, before trying again")
          .build();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, what)
          .cause("The node is stopping")
          .remedy("Try again when it runs")
          .build();
    }
  }
}
