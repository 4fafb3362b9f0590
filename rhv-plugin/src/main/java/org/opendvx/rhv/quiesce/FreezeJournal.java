package org.opendvx.rhv.quiesce;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmRef;

/**
 * The guests that we may have frozen: one small file each, durable before the engine is asked to
 * freeze, deleted after a thaw that is known to have happened. What is here after a crash is thawed
 * before anything else. Thread-safe.
 */
public final class FreezeJournal {
  private static final String END = ".freeze";

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
   * A guest that may be frozen.
   *
   * @param host name of the host that it was on then, empty when unknown
   */
  record Entry(VmRef vm, String host) {}

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
    Path fresh = folder.resolve(file.getFileName() + ".new");
    String oneLine = host.replaceAll("\\R", "");
    byte[] text =
        (vm.hypervisor() + "\n" + vm.id() + "\n" + oneLine + "\n").getBytes(StandardCharsets.UTF_8);
    try {
      try (FileChannel out =
          FileChannel.open(
              fresh,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      force();
      return true;
    } catch (IOException e) {
      throw trouble(e);
    }
  }

  /** Notes that a guest is thawed. */
  synchronized void done(VmRef vm) {
    try {
      if (Files.deleteIfExists(file(vm))) {
        force();
      }
    } catch (IOException e) {
      throw trouble(e);
    }
  }

  /** Whether a guest may be frozen. */
  synchronized boolean outstanding(VmRef vm) {
    return Files.exists(file(vm));
  }

  /** All guests that may be frozen. */
  public List<VmRef> all() {
    return entries().stream().map(Entry::vm).toList();
  }

  /** All guests that may be frozen, with their hosts. */
  synchronized List<Entry> entries() {
    List<Entry> found = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(each -> each.toString().endsWith(END)).toList()) {
        List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        // Earlier versions did not note the host.
        if (lines.size() == 2 || lines.size() == 3) {
          found.add(
              new Entry(
                  new VmRef(lines.get(0), lines.get(1)), lines.size() == 3 ? lines.get(2) : ""));
        }
      }
    } catch (IOException e) {
      throw trouble(e);
    }
    return found;
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
