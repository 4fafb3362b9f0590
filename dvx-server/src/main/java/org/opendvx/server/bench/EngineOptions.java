package org.opendvx.server.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.file.Path;
import java.util.List;
import org.opendvx.server.api.Json;
import picocli.CommandLine.Option;

/** Options of measurements that make an engine of their own over drive folders. */
public final class EngineOptions {
  @Option(
      names = "--folder",
      required = true,
      paramLabel = "DIR",
      description = "Where the pool is made; it is removed again.")
  private Path folder;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description = "Of content and places (default ${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--json", description = "One JSON object instead of lines.")
  private boolean json;

  /** Used by picocli, which fills in the annotated fields. */
  @SuppressWarnings("NullAway.Init")
  public EngineOptions() {}

  /** Where the pool is made. */
  public Path folder() {
    return folder;
  }

  /** Of the random numbers. */
  public long seed() {
    return seed;
  }

  /** A report as it was asked for: as JSON, or these lines. */
  public String print(Object report, List<String> lines) throws JsonProcessingException {
    return json ? Json.lenient().writeValueAsString(report) : String.join("\n", lines);
  }
}
