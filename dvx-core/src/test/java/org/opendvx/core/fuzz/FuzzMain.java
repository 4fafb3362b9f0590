package org.opendvx.core.fuzz;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What {@code bench/fuzz} runs: {@code list}; {@code mutate NAME SECONDS SEED}; {@code seeds NAME
 * FOLDER}, which writes a corpus for a coverage-guided fuzzer.
 */
public final class FuzzMain {
  private FuzzMain() {}

  /** Runs a command; ends with 1 for a finding. */
  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "list" -> all().forEach(target -> System.out.println(target.name()));
      case "mutate" -> {
        FuzzTarget target = target(arguments[1]);
        long seed = Long.parseLong(arguments[3]);
        long count = new FuzzRun(target).run(1000 * Long.parseLong(arguments[2]), seed);
        System.out.println(target.name() + ": " + count + " inputs, seed " + seed + ", no finding");
      }
      case "seeds" -> {
        Path folder = Files.createDirectories(Path.of(arguments[2]));
        List<byte[]> seeds = target(arguments[1]).seeds();
        for (int i = 0; i < seeds.size(); i++) {
          // As the driver takes it: whether checksums are to be made to fit, then the input.
          byte[] file = new byte[1 + seeds.get(i).length];
          file[0] = 1;
          System.arraycopy(seeds.get(i), 0, file, 1, seeds.get(i).length);
          Files.write(folder.resolve("seed-" + i), file);
        }
      }
      default -> throw new IllegalArgumentException("no command: " + arguments[0]);
    }
  }

  private static List<FuzzTarget> all() {
    return FuzzRun.targets("org.opendvx.");
  }

  static FuzzTarget target(String name) {
    return all().stream()
        .filter(target -> target.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no target: " + name));
  }
}
