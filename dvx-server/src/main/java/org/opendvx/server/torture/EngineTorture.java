package org.opendvx.server.torture;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Rounds of work, kill and check. Confined to one thread. */
final class EngineTorture {
  private static final int FEWEST_OPERATIONS = 20;
  private static final int MORE_OPERATIONS = 500;
  private static final long END_SECONDS = 60;
  private static final long START_SECONDS = 300;

  private final Path folder;
  private final long capacity;
  private final long seed;
  private final PrintWriter out;
  private final History history = new History();

  EngineTorture(Path folder, long capacity, long seed, PrintWriter out) {
    this.folder = folder;
    this.capacity = capacity;
    this.seed = seed;
    this.out = out;
  }

  /** What a victim told before it died. */
  private static final class Told {
    private final List<StringBuilder> outcomes = new ArrayList<>();
    private int operations;
    private int refused;
    private long cleaned;

    Told() {
      for (int i = 0; i < TortureEngineCommand.CLIENTS; i++) {
        outcomes.add(new StringBuilder());
      }
    }

    /** Takes a line note of; one that the kill has cut off says nothing. */
    void note(String line) {
      String[] words = line.split(" ", -1);
      if (words.length != 2) {
        return;
      }
      if (words[0].equals("cleaned")) {
        cleaned = words[1].matches("\\d{1,9}") ? Long.parseLong(words[1]) : cleaned;
      } else if (words[0].matches("\\d") && words[1].length() == 1) {
        outcomes.get(Integer.parseInt(words[0])).append(words[1]);
        operations++;
        refused += words[1].charAt(0) == History.REFUSED ? 1 : 0;
      }
    }
  }

  /** Runs rounds; gives what differs, empty when nothing does. */
  String run(int rounds) throws IOException, InterruptedException {
    try (TortureStore store = TortureStore.format(folder, capacity)) {
      ClientFiles files = new ClientFiles(store.datastore());
      for (int client = 0; client < TortureEngineCommand.CLIENTS; client++) {
        files.makeFolder(new ClientModel(client));
      }
    }
    for (int round = 0; round < rounds; round++) {
      history.write(folder.resolve("history"));
      Told told = new Told();
      String violation = killed(round, told);
      if (violation.isEmpty()) {
        violation = judge(round, told);
      }
      if (!violation.isEmpty()) {
        return "round " + round + ": " + violation;
      }
    }
    return "";
  }

  /** Runs a victim and kills it after some operations; what is wrong if it ends by itself. */
  private String killed(int round, Told told) throws IOException, InterruptedException {
    Path log = folder.resolve("victim.log");
    Process process =
        new ProcessBuilder(command())
            .redirectError(ProcessBuilder.Redirect.to(log.toFile()))
            .start();
    boolean kill = false;
    Thread watch = Thread.ofVirtual().start(() -> limit(process));
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      int wanted = FEWEST_OPERATIONS + moment(round).nextInt(MORE_OPERATIONS);
      String line;
      while ((line = lines.readLine()) != null) {
        told.note(line);
        if (!kill && told.operations >= wanted) {
          kill = true;
          // It goes on while this happens; what it still tells is read.
          boolean _ = process.toHandle().destroyForcibly();
        }
      }
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        return "the victim does not die";
      }
      return kill ? "" : "the victim ended by itself: " + Files.readString(log);
    } finally {
      watch.interrupt();
      process.destroyForcibly();
    }
  }

  /** The numbers that fix after how many operations the victim is killed. */
  private Random moment(int round) {
    return History.random(seed, round, TortureEngineCommand.CLIENTS);
  }

  private static void limit(Process process) {
    try {
      if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException _) {
      // The victim is dead, nobody needs to be watched.
      Thread.currentThread().interrupt();
    }
  }

  private List<String> command() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--add-modules",
        "jdk.incubator.vector",
        "--enable-native-access=ALL-UNNAMED",
        "-Xmx512m",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        "org.opendvx.server.Main",
        "torture",
        "engine-victim",
        "--folder",
        folder.toString(),
        "--capacity",
        Long.toString(capacity),
        "--seed",
        Long.toString(seed));
  }

  private String judge(int round, Told told) throws IOException {
    long start = System.nanoTime();
    try (TortureStore store = TortureStore.open(folder, capacity)) {
      long opened = System.nanoTime();
      ClientFiles files = new ClientFiles(store.datastore());
      List<ClientModel> models = new ArrayList<>();
      List<String> outcomes = new ArrayList<>();
      for (int client = 0; client < TortureEngineCommand.CLIENTS; client++) {
        String different = match(client, round, told, files, models, outcomes);
        if (!different.isEmpty()) {
          return "after the restart, " + different;
        }
      }
      long[] cleaned = {told.cleaned};
      store.cleaner().sweep(report -> cleaned[0] += report.deletedContainers());
      for (ClientModel model : models) {
        String different = files.difference(model);
        if (!different.isEmpty()) {
          return "after cleaning, " + different;
        }
      }
      history.add(outcomes);
      out.printf(
          "round %d: %d operations (%d refused), %d containers cleaned, open again in %d ms, good%n",
          round, told.operations, told.refused, cleaned[0], (opened - start) / 1_000_000);
      out.flush();
      return "";
    }
  }

  /** What was told is there, and at most the operation that was under way besides. */
  private String match(
      int client,
      int round,
      Told told,
      ClientFiles files,
      List<ClientModel> models,
      List<String> outcomes) {
    ClientModel model = history.replay(client, seed);
    Random random = History.random(seed, round, client);
    String said = told.outcomes.get(client).toString();
    for (int i = 0; i < said.length(); i++) {
      Operation operation = model.next(random);
      if (said.charAt(i) == History.DONE) {
        model.apply(operation);
      }
    }
    Operation underWay = model.next(random);
    ClientModel more = model.copy();
    more.apply(underWay);
    String with = files.difference(more);
    String without = with.isEmpty() ? "" : files.difference(model);
    if (!without.isEmpty()) {
      return without + "; and with " + underWay + ", " + with;
    }
    models.add(with.isEmpty() ? more : model);
    outcomes.add(said + (with.isEmpty() ? History.DONE : History.REFUSED));
    return "";
  }
}
