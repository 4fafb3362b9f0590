package org.opendvx.server.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.server.process.Program;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A network namespace for each process, with one end of a veth pair in it and the other one at a
 * bridge, whose own address is that of everything outside. Made and removed by {@code ip}.
 */
final class Namespaces implements LabNetwork {
  private static final Logger LOG = LoggerFactory.getLogger(Namespaces.class);
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int MOST = 200;

  private final Program programs;

  /** Makes names unlike those of other labs; interfaces have at most 15 letters. */
  private final String mark;

  private final String subnet;
  private final Map<String, Integer> numbers = new LinkedHashMap<>();

  private Namespaces(Program programs, int number) {
    this.programs = programs;
    this.mark = "dvx%04x".formatted(number);
    this.subnet = "10.%d.%d".formatted(128 + (number >> 8) % 64, number & 0xFF);
  }

  /** A network, or null where none can be made. */
  static @Nullable Namespaces tryOpen(Path folder) throws InterruptedException {
    Namespaces made = new Namespaces(new Program(folder), new SecureRandom().nextInt(1 << 14));
    try {
      made.ip("link", "add", made.mark, "type", "bridge");
      made.ip("address", "add", made.outside() + "/24", "dev", made.mark);
      made.ip("link", "set", made.mark, "up");
      // What this account may not do shows with the first one.
      String _ = made.address(HostLab.DATA_NODE);
      return made;
    } catch (IOException | DvxException e) {
      LOG.info("Processes share the loopback: {}", e.getMessage());
      made.close();
      return null;
    }
  }

  private void ip(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    Program.Outcome outcome = programs.run(LIMIT, command);
    if (!outcome.isGood()) {
      throw new IOException(String.join(" ", command) + ": " + outcome.errors().strip());
    }
  }

  @Override
  public String address(String name) throws IOException, InterruptedException {
    if (!numbers.containsKey(name)) {
      if (numbers.size() == MOST) {
        throw new IOException("a lab has at most " + MOST + " processes");
      }
      numbers.put(name, numbers.size() + 2);
      join(name);
    }
    return addressOf(name);
  }

  private void join(String name) throws IOException, InterruptedException {
    String space = space(name);
    ip("netns", "add", space);
    ip("link", "add", link(name), "type", "veth", "peer", "name", "eth0", "netns", space);
    ip("link", "set", link(name), "master", mark, "up");
    ip("-n", space, "address", "add", addressOf(name) + "/24", "dev", "eth0");
    ip("-n", space, "link", "set", "eth0", "up");
    ip("-n", space, "link", "set", "lo", "up");
  }

  private int number(String name) {
    return Objects.requireNonNull(numbers.get(name), name);
  }

  private String addressOf(String name) {
    return subnet + "." + number(name);
  }

  private String space(String name) {
    return mark + "-" + number(name);
  }

  private String link(String name) {
    return mark + "v" + number(name);
  }

  @Override
  public String outside() {
    return subnet + ".1";
  }

  @Override
  public String clients() {
    return subnet + ".0/24";
  }

  @Override
  public List<String> prefix(String name) {
    return List.of("ip", "netns", "exec", space(name));
  }

  @Override
  public boolean cutsOff() {
    return true;
  }

  @Override
  public void cutOff(String name, boolean now) throws IOException, InterruptedException {
    ip("link", "set", link(name), now ? "down" : "up");
  }

  @Override
  public String describe() {
    return "network namespaces at " + clients();
  }

  @Override
  public void close() {
    for (String name : numbers.keySet()) {
      remove("netns", "delete", space(name));
    }
    numbers.clear();
    remove("link", "delete", mark);
  }

  private void remove(String... what) {
    try {
      ip(what);
    } catch (IOException e) {
      LOG.debug("Not removed, maybe never made: {}", e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
