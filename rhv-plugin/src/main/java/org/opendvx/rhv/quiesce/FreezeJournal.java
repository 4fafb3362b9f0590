package org.opendvx.rhv.quiesce;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmRef;

/**
 * The guests that we may have frozen: one small file each, durable before the engine is asked to
 * freeze, deleted after a thaw that is known to have happened and that no freeze can follow. What
 * is here after a crash is thawed before anything else. Thread-safe.
 */
public final class FreezeJournal {
  private static final String END = ".freeze";
  private static final String THAWED = "thawed";
  private static final Pattern TIMES = Pattern.compile(THAWED + " (\\d{1,4}) (\\d{1,18})");

  private final Path folder;

  /** In a folder, which is made when it is missing. */
  public FreezeJournal(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw trouble(e);
    }
  }

  /**
   * A guest that may be frozen, or is thawed and may be frozen by a call that comes late.
   *
   * @param host name of the host that it was on then, empty when unknown
   * @param thaws how often it was thawed since
   * @param first when it was thawed first; any time before that
   */
  record Entry(VmRef vm, String host, int thaws, Instant first) {}

  /**
   * Notes that a guest is going to be frozen; durable when it returns.
   *
   * @param host name of the host that it is on, empty when unknown
   * @return false when it may be frozen already; nothing was noted then
   */
  synchronized boolean intend(VmRef vm, String host) {
    Path file = file(vm);
    if (Files.exists(file)) {
      return false;
    }
    write(file, vm.hypervisor() + "\n" + vm.id() + "\n" + oneLine(host) + "\n");
    return true;
  }

  /** Notes how often a guest was thawed of which more is to be done. */
  synchronized void thawed(Entry entry) {
    VmRef vm = entry.vm();
    String times = THAWED + " " + entry.thaws() + " " + entry.first().toEpochMilli();
    write(
        file(vm),
        vm.hypervisor() + "\n" + vm.id() + "\n" + oneLine(entry.host()) + "\n" + times + "\n");
  }

  private static String oneLine(String host) {
    return host.replaceAll("\\R", "");
  }

  private void write(Path file, String text) {
    Path fresh = folder.resolve(file.getFileName() + ".new");
    try {
      try (FileChannel out =
          FileChannel.open(
              fresh,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      force();
    } catch (IOException e) {
      throw trouble(e);
    }
  }

  /** Notes that a guest is thawed and nothing more is to be done. */
  synchronized void done(VmRef vm) {
    try {
      if (Files.deleteIfExists(file(vm))) {
        force();
      }
    } catch (IOException e) {
      throw trouble(e);
    }
  }

  /** Whether a guest may be frozen, or become so late. */
  synchronized boolean outstanding(VmRef vm) {
    return Files.exists(file(vm));
  }

  /** All guests that may be frozen and were not thawed yet. */
  public List<VmRef> all() {
    return entries().stream().filter(each -> each.thaws() == 0).map(Entry::vm).toList();
  }

  /** All guests about which something is to be done. */
  synchronized List<Entry> entries() {
    List<Entry> found = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(each -> each.toString().endsWith(END)).toList()) {
        List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        if (lines.size() >= 2) {
          found.add(entry(lines));
        }
      }
    } catch (IOException e) {
      throw trouble(e);
    }
    return found;
  }

  /** Earlier versions did not note the host, nor thaws. */
  private static Entry entry(List<String> lines) {
    VmRef vm = new VmRef(lines.get(0), lines.get(1));
    Matcher times = TIMES.matcher(lines.size() > 3 ? lines.get(3) : "");
    return new Entry(
        vm,
        lines.size() > 2 ? lines.get(2) : "",
        times.matches() ? Integer.parseInt(times.group(1)) : 0,
        times.matches() ? Instant.ofEpochMilli(Long.parseLong(times.group(2))) : Instant.EPOCH);
  }

  private Path file(VmRef vm) {
    if (!vm.hypervisor().matches("[a-z0-9-]{1,64}") || !vm.id().matches("[A-Za-z0-9-]{1,64}")) {
      throw DvxException.of(Kind.INVALID, "This machine's reference cannot be kept")
          .detail("vm", vm)
          .build();
    }
    return folder.resolve(vm.hypervisor() + "_" + vm.id() + END);
  }

  private void force() throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private DvxException trouble(IOException e) {
    return DvxException.of(Kind.INTERNAL, "The journal of frozen guests cannot be used")
        .causedBy(e)
        .remedy("Check the node's data folder: space and rights")
        .detail("folder", folder)
        .build();
  }
}
