package org.opendvx.server.torture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.local.CareStatus;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.core.verify.Verifier;
import org.opendvx.core.verify.VerifyReport;

/**
 * Looks at what a round left, once all drives work again: the pool gets whole by itself, everything
 * that was told is there, scrub and verification find nothing that is left to mend, and nothing is
 * on the drives that nobody needs. Confined to one thread.
 */
final class RoundJudge {
  private static final long WHOLE_SECONDS = 120;
  private static final long POLL_MILLIS = 20;

  /** What the cleaner does not begin for is less than this. */
  private static final long LEAST_GARBAGE = 1 << 20;

  private static final int ID_DIGITS = 12;

  private final Path folder;
  private final long capacity;
  private final long seed;
  private final History history;
  private final List<ClientModel> models = new ArrayList<>();
  private final List<String> outcomes = new ArrayList<>();
  private String summary = "";

  RoundJudge(Path folder, long capacity, long seed, History history) {
    this.folder = folder;
    this.capacity = capacity;
    this.seed = seed;
    this.history = history;
  }

  /** What it found, for a person. */
  String summary() {
    return summary;
  }

  /** Outcomes of all operations of each client. */
  List<String> outcomes() {
    return outcomes;
  }

  /** Judges; gives what is wrong, empty when nothing is. */
  String judge(int round, Told told, RoundPlan plan) throws IOException, InterruptedException {
    long start = System.nanoTime();
    LocalPoolConfig usual = TortureStore.config(folder, capacity);
    LocalPoolConfig config =
        usual.withCare(usual.care().withRebuild(plan.rebuildDelay(), usual.care().rebuildRate()));
    Set<Long> containers = new HashSet<>();
    try (TortureStore store = TortureStore.open(folder, config)) {
      long opened = System.nanoTime();
      String wrong = judge(round, told, plan, store);
      if (!wrong.isEmpty()) {
        return wrong;
      }
      store.pool().containers().forEach(containers::add);
      summary += ", open again in " + TimeUnit.NANOSECONDS.toMillis(opened - start) + " ms";
    }
    String left = leftOver(containers);
    return left.isEmpty() ? differentRecords() : left;
  }

  private String judge(int round, Told told, RoundPlan plan, TortureStore store)
      throws InterruptedException {
    String broken = awaitWhole(store.pool());
    if (broken.isEmpty() && plan.scrubsFirst()) {
      broken = scrub(store.pool(), plan);
    }
    if (!broken.isEmpty()) {
      return broken;
    }
    ClientFiles files = new ClientFiles(store.datastore());
    for (int client = 0; client < TortureEngineCommand.CLIENTS; client++) {
      String different = match(client, round, told, files);
      if (!different.isEmpty()) {
        return "after the restart, " + different;
      }
    }
    long[] cleaned = {told.cleaned()};
    store.cleaner().sweep(report -> cleaned[0] += report.deletedContainers());
    summary += ", " + cleaned[0] + " containers cleaned";
    for (ClientModel model : models) {
      String different = files.difference(model);
      if (!different.isEmpty()) {
        return "after cleaning, " + different;
      }
    }
    String left = plan.scrubsFirst() ? "" : scrub(store.pool(), plan);
    return left.isEmpty() ? verify(store) : left;
  }

  private static String awaitWhole(LocalPool pool) throws InterruptedException {
    return await(() -> whole(pool))
        ? ""
        : "the drives do not get whole: " + pool.status() + " " + pool.care().status();
  }

  private static boolean whole(LocalPool pool) {
    PoolStatus status = pool.status();
    return status.health() == PoolStatus.Health.HEALTHY
        && status.degradedContainers() == 0
        && pool.care().status().rebuild().phase() == CareStatus.Phase.IDLE;
  }

  private static boolean await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WHOLE_SECONDS);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
    return true;
  }

  /** Sound drives have nothing to mend, and of the others nothing is left unmended. */
  private String scrub(LocalPool pool, RoundPlan plan) throws InterruptedException {
    if (!await(() -> !pool.care().status().scrub().running())) {
      return "the scrub does not end";
    }
    long before = pool.care().status().scrub().finishedMillis();
    pool.care().scrub();
    if (!await(() -> pool.care().status().scrub().finishedMillis() != before)) {
      return "the scrub does not end: " + pool.care().status().scrub();
    }
    CareStatus.Scrub scrub = pool.care().status().scrub();
    Set<Path> lying = new HashSet<>();
    plan.lying().forEach(drive -> lying.add(TortureStore.drives(folder).get(drive)));
    for (CareStatus.Finding finding : scrub.findings()) {
      if (!lying.contains(Path.of(finding.path()))) {
        return "the scrub found on a sound drive: " + finding;
      }
    }
    if (scrub.found() != scrub.repaired()) {
      return "the scrub could not mend all: " + scrub;
    }
    summary += scrub.found() == 0 ? "" : ", " + scrub.found() + " shards mended by the scrub";
    return "";
  }

  private String verify(TortureStore store) throws InterruptedException {
    String broken = awaitWhole(store.pool());
    if (!broken.isEmpty()) {
      return broken;
    }
    VerifyReport report =
        new Verifier(store.datastore().reclaim(), store.pool().care(), (_, _) -> {}).run();
    if (!report.clean()) {
      return "the verification found " + report.problems() + ": " + report.details();
    }
    if (report.unreachableBytes() > LEAST_GARBAGE) {
      return "after cleaning, no root reaches "
          + report.unreachable()
          + " containers of "
          + report.unreachableBytes()
          + " bytes";
    }
    summary += ", " + report.containers() + " containers verified";
    return "";
  }

  /** What was told is there, and at most the operation that was under way besides. */
  private String match(int client, int round, Told told, ClientFiles files) {
    ClientModel model = history.replay(client, seed);
    Random random = History.random(seed, round, client);
    String said = told.outcomes(client);
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

  /** Files on the closed drives that belong to nothing. */
  private String leftOver(Set<Long> containers) throws IOException {
    for (Path drive : TortureStore.drives(folder)) {
      try (Stream<Path> all = Files.walk(drive)) {
        for (Path file : all.filter(Files::isRegularFile).toList()) {
          String name = String.valueOf(file.getFileName());
          boolean shard = drive.relativize(file).startsWith("containers");
          boolean known =
              !shard || containers.contains(Long.parseLong(name.substring(0, ID_DIGITS), 16));
          if (name.endsWith(".tmp") || !known) {
            return "left on a drive and of no use: " + file;
          }
        }
      }
    }
    return "";
  }

  /** Copies of records that are not the same on all closed drives. */
  private String differentRecords() throws IOException {
    Map<String, byte[]> first = new TreeMap<>();
    for (Path drive : TortureStore.drives(folder)) {
      Map<String, byte[]> records = new TreeMap<>();
      try (Stream<Path> all = Files.list(drive.resolve("records"))) {
        for (Path file : all.toList()) {
          records.put(String.valueOf(file.getFileName()), Files.readAllBytes(file));
        }
      }
      if (first.isEmpty()) {
        first.putAll(records);
      }
      if (!records.keySet().equals(first.keySet())) {
        return drive + " has the records " + records.keySet() + ", another " + first.keySet();
      }
      for (Map.Entry<String, byte[]> each : records.entrySet()) {
        if (!Arrays.equals(each.getValue(), first.get(each.getKey()))) {
          return drive + " has another copy of the record " + each.getKey();
        }
      }
    }
    return "";
  }
}
