package org.opendvx.server.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.VerifyView;
import org.opendvx.server.service.Progress;

/** Verifies what a node that does not run has stored. */
@FunctionalInterface
public interface OfflineVerification {
  /**
   * Verifies.
   *
   * @param config what the node is started with, null for the default
   * @param data its data folder, null for what the configuration says
   */
  VerifyView run(@Nullable Path config, @Nullable Path data, Progress progress);
}
