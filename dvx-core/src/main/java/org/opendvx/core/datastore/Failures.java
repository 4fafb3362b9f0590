package org.opendvx.core.datastore;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns what fails underneath into what a file operation may say. Thread-safe. */
final class Failures {
  private static final Logger LOG = LoggerFactory.getLogger(Failures.class);
  private static final int REMEMBERED = 4096;

  /** Corruptions that were told already, so that a retrying client does not fill the log. */
  private final Set<String> told =
      Collections.synchronizedSet(
          Collections.newSetFromMap(
              new LinkedHashMap<>() {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                  return size() > REMEMBERED;
                }
              }));

  /** The failure as a file operation reports it. */
  FileException translate(Throwable failure) {
    return switch (failure) {
      case FileException refused -> refused;
      case CompletionException e when e.getCause() != null -> translate(e.getCause());
      case ExecutionException e when e.getCause() != null -> translate(e.getCause());
      case DvxException e -> translate(e);
      default -> {
        LOG.error("An operation of the datastore failed unexpectedly", failure);
        yield new FileException(FileError.IO, "internal error", failure);
      }
    };
  }

  private FileException translate(DvxException e) {
    FileError error =
        switch (e.kind()) {
          case NO_SPACE -> FileError.NO_SPACE;
          case INVALID -> FileError.INVALID;
          case UNSUPPORTED -> FileError.NOT_SUPPORTED;
          case TIMEOUT -> FileError.BUSY;
          case CORRUPT -> {
            if (told.add(e.getMessage() + e.report().details())) {
              LOG.warn("Stored data cannot be read. {}", e.render());
            }
            yield FileError.IO;
          }
          case NOT_FOUND, EXISTS, CONFLICT, DENIED, UNAUTHENTICATED, UNAVAILABLE, INTERNAL ->
              FileError.IO;
        };
    return new FileException(error, String.valueOf(e.getMessage()), e);
  }
}
