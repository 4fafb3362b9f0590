package org.opendvx.server.torture;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.server.torture.drive.DrivePlan;
import org.opendvx.server.torture.drive.LyingDrives;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The process that is killed. It prints a line for each operation that has an outcome: the client
 * and the outcome; and now and then what its cleaner gave back.
 */
@Command(name = "engine-victim", hidden = true, description = "What dvx torture engine kills.")
final class TortureVictimCommand implements Callable<Integer> {
  private static final long TELL_MILLIS = 100;

  @Option(names = "--folder", required = true)
  private Path folder;

  @Option(names = "--capacity", required = true)
  private long capacity;

  @Option(names = "--seed", required = true)
  private long seed;

  @Option(names = "--faults", required = true)
  private String faults;

  @Option(
      names = "--stage",
      required = true,
      description = "0: works; more: opens what is left, and no more.")
  private int stage;

  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  TortureVictimCommand() {}

  @Override
  public Integer call() throws Exception {
    History history = History.read(folder.resolve("history"), TortureEngineCommand.CLIENTS);
    PrintStream out = System.out;
    RoundPlan plan =
        RoundPlan.of(FaultKind.parse(faults), TortureStore.DRIVES, seed, history.rounds());
    try (TortureStore store = open(plan)) {
      if (stage > 0) {
        Runtime.getRuntime().halt(Victim.OPENED);
      }
      if (plan.cleans()) {
        store.cleaner().start();
      }
      ClientFiles files = new ClientFiles(store.datastore());
      for (int i = 0; i < TortureEngineCommand.CLIENTS; i++) {
        ClientModel model = history.replay(i, seed);
        Random random = History.random(seed, history.rounds(), i);
        int client = i;
        Thread _ = Thread.ofPlatform().start(() -> work(client, model, random, files, out));
      }
      // Nobody listens any more when whoever started this is gone.
      while (failure.get() == null && !out.checkError()) {
        TimeUnit.MILLISECONDS.sleep(TELL_MILLIS);
        out.println("cleaned " + store.cleaner().status().deletedContainers());
      }
      // Not closed in order: the judge is to see what there is.
      Runtime.getRuntime().halt(1);
    }
    return 1;
  }

  private TortureStore open(RoundPlan plan) throws IOException {
    LocalPoolConfig config = TortureStore.config(folder, capacity);
    config =
        config.withCare(
            config.care().withRebuild(plan.rebuildDelay(), config.care().rebuildRate()));
    List<DrivePlan> drives = plan.stages().get(stage);
    if (!drives.isEmpty()) {
      config =
          config.withFolders(
              new LyingDrives(TortureStore.drives(folder), drives, folder.resolve("nowhere")));
    }
    try {
      return TortureStore.open(folder, config);
    } catch (DvxException e) {
      if (e.kind() == Kind.NO_SPACE) {
        Runtime.getRuntime().halt(Victim.NO_ROOM);
      }
      throw e;
    }
  }

  private void work(
      int client, ClientModel model, Random random, ClientFiles files, PrintStream out) {
    while (failure.get() == null) {
      Operation operation = model.next(random);
      try {
        files.perform(model, operation);
        model.apply(operation);
        out.println(client + " " + History.DONE);
      } catch (FileException e) {
        if (e.error() == FileError.NO_SPACE || e.error() == FileError.BUSY) {
          out.println(client + " " + History.REFUSED);
        } else {
          fail(operation, e);
        }
      } catch (RuntimeException | Error e) {
        fail(operation, e);
      }
    }
  }

  private void fail(Operation operation, Throwable e) {
    synchronized (failure) {
      System.err.println(operation + " failed");
      e.printStackTrace();
    }
    failure.set(e);
  }
}
