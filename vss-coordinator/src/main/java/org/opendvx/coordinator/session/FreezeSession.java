package org.opendvx.coordinator.session;

import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.opendvx.coordinator.protocol.FromAgent;

/**
 * What an agent said in one freeze. Messages arrive on the event loop; whoever drives the freeze
 * waits for the futures. Every message counts once, and only in its place.
 */
final class FreezeSession {
  private final UUID id;
  private final CompletableFuture<FromAgent.Prepared> prepared = new CompletableFuture<>();
  private final CompletableFuture<FromAgent.Frozen> frozen = new CompletableFuture<>();
  private final CompletableFuture<FromAgent.Thawed> thawed = new CompletableFuture<>();
  private final CompletableFuture<FromAgent.Report> report = new CompletableFuture<>();
  private final DocumentParts documents = new DocumentParts();

  FreezeSession(UUID id) {
    this.id = id;
  }

  /** The agent cannot go on. */
  static final class StoppedException extends Exception {
    private static final long serialVersionUID = 1L;

    StoppedException(String reason) {
      super(reason);
    }
  }

  /** Why a word will never come. */
  static String why(ExecutionException e) {
    Throwable cause = e.getCause();
    return String.valueOf(cause == null ? e.getMessage() : cause.getMessage());
  }

  UUID id() {
    return id;
  }

  CompletableFuture<FromAgent.Prepared> prepared() {
    return prepared;
  }

  CompletableFuture<FromAgent.Frozen> frozen() {
    return frozen;
  }

  CompletableFuture<FromAgent.Thawed> thawed() {
    return thawed;
  }

  CompletableFuture<FromAgent.Report> report() {
    return report;
  }

  /** Complete once the report is. */
  DocumentParts documents() {
    return documents;
  }

  void receive(FromAgent message) {
    switch (message) {
      case FromAgent.Prepared told -> prepared.complete(told);
      case FromAgent.Frozen told -> {
        if (prepared.isDone()) {
          frozen.complete(told);
        } else {
          lost("its agent said frozen before it was prepared");
        }
      }
      case FromAgent.Thawed told -> {
        // A hold that ended before the cut: whoever waits for frozen must not wait on.
        frozen.completeExceptionally(new StoppedException("the hold ended: " + told.released()));
        thawed.complete(told);
      }
      case FromAgent.Document document -> {
        if (!report.isDone()) {
          documents.add(document);
        }
      }
      case FromAgent.Report told -> {
        prepared.completeExceptionally(new StoppedException(said(told)));
        frozen.completeExceptionally(new StoppedException(said(told)));
        thawed.completeExceptionally(new StoppedException(said(told)));
        report.complete(told);
      }
      case FromAgent.Failed told -> stop(new StoppedException(said(told)));
      case FromAgent.Enroll _,
          FromAgent.Hello _,
          FromAgent.Proof _,
          FromAgent.Renew _,
          FromAgent.Idle _,
          FromAgent.Shutdown _ ->
          throw new IllegalArgumentException("not about a freeze");
    }
  }

  private static String said(FromAgent.Report report) {
    return "its agent gave up: " + (report.reason().isEmpty() ? report.outcome() : report.reason());
  }

  private static String said(FromAgent.Failed failed) {
    StringBuilder text = new StringBuilder("its agent says " + failed.code());
    if (!failed.stage().isEmpty()) {
      text.append(" at ").append(failed.stage());
    }
    if (!failed.message().isEmpty()) {
      text.append(": ").append(failed.message());
    }
    if (!failed.hresult().isEmpty()) {
      text.append(" (").append(failed.hresult()).append(')');
    }
    return text.toString();
  }

  void lost(String reason) {
    stop(new StoppedException(reason));
  }

  private void stop(StoppedException reason) {
    prepared.completeExceptionally(reason);
    frozen.completeExceptionally(reason);
    thawed.completeExceptionally(reason);
    report.completeExceptionally(reason);
  }
}
