package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The real agent, as a process of this machine, with folders of its own. Not thread-safe. */
public final class GuestAgent {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Path program;
  private final Path folder;
  private final Map<String, String> settings = new LinkedHashMap<>();
  private Optional<Process> process = Optional.empty();

  /**
   * Not yet started.
   *
   * @param folder an empty one, for configuration, state and log
   * @param run in memory, for what is frozen
   * @param nonce the file that the hypervisor writes
   */
  GuestAgent(
      Path program,
      Path folder,
      Path run,
      Path nonce,
      Duration nonceDelay,
      List<GuestFileSystem> systems)
      throws IOException {
    this.program = program;
    this.folder = folder;
    Path reader =
        script(
            folder.resolve("read-nonce"),
            "sleep " + nonceDelay.toMillis() / 1e3 + "; cat '" + nonce + "'");
    settings.put("linux.stateFolder", folder.resolve("state").toString());
    settings.put("linux.runFolder", run.toString());
    settings.put("linux.hookFolder", folder.resolve("etc").toString());
    settings.put("linux.sysFolder", folder.resolve("sys").toString());
    settings.put("linux.nonceCommand", reader.toString());
    settings.put(
        "linux.onlyMounts",
        systems.stream().map(system -> system.point().toString()).collect(Collectors.joining(" ")));
    configure();
  }

  private static Path script(Path file, String text) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + text + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  /** Changes a setting, from the next start on. */
  public void set(String key, String value) throws IOException {
    settings.put(key, value);
    configure();
  }

  private void configure() throws IOException {
    StringBuilder text = new StringBuilder();
    settings.forEach((key, value) -> text.append(key).append(" = ").append(value).append('\n'));
    Files.writeString(configuration(), text);
  }

  private Path configuration() {
    return folder.resolve("agent.conf");
  }

  /** Where its state is: identity and last report. */
  public Path state() {
    return folder.resolve("state");
  }

  /**
   * Adds a script.
   *
   * @param phase {@code pre-freeze} or {@code post-thaw}
   */
  public Path hook(String phase, String name, String text) throws IOException {
    Path hooks = Files.createDirectories(folder.resolve("etc").resolve(phase + ".d"));
    return script(hooks.resolve(name), text);
  }

  /** Enrols by a token, which goes in by standard input. */
  public void enrol(String server, String token) throws IOException, InterruptedException {
    Tools.demand(LIMIT, token + "\n", command("enroll", "--server", server, "--token-file", "-"));
  }

  private List<String> command(String... arguments) {
    List<String> command =
        new java.util.ArrayList<>(
            List.of(program.toString(), "--config", configuration().toString()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Starts it. */
  public void start() throws IOException {
    process =
        Optional.of(
            new ProcessBuilder(command("run"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start());
  }

  private Path log() {
    return folder.resolve("agent.log");
  }

  /** What it printed. */
  public String printed() throws IOException {
    return Files.exists(log()) ? Files.readString(log(), StandardCharsets.ISO_8859_1) : "";
  }

  /** Its process id. */
  public long pid() {
    return process.orElseThrow().pid();
  }

  /** Its watchdog's process id, while one runs. */
  public Optional<Long> watchdog() {
    return process
        .orElseThrow()
        .toHandle()
        .children()
        .map(ProcessHandle::pid)
        .filter(GuestAgent::isWatchdog)
        .findFirst();
  }

  private static boolean isWatchdog(long pid) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), "comm"))
          .strip()
          .equals("dvx-watchdog");
    } catch (IOException e) {
      // It has ended since.
      return false;
    }
  }

  /** Thaws what its record names, as a person would by hand. */
  public void thaw() throws IOException, InterruptedException {
    Tools.run(LIMIT, "", command("thaw"));
  }

  /** Kills it; its watchdog is on its own. */
  public void kill() throws InterruptedException {
    end(true);
  }

  /** Asks it to stop. */
  public void close() throws InterruptedException {
    end(false);
  }

  private void end(boolean hard) throws InterruptedException {
    if (process.isEmpty()) {
      return;
    }
    Process running = process.get();
    if (hard) {
      running.destroyForcibly();
    } else {
      running.destroy();
    }
    if (!running.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
      running.destroyForcibly();
    }
    process = Optional.empty();
  }
}
