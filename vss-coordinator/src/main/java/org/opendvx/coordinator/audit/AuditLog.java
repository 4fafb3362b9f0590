package org.opendvx.coordinator.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opendvx.coordinator.pki.EnrolmentToken;
import org.opendvx.coordinator.store.StateFile;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.AuditTrail;

/**
 * An append-only file of JSON lines. Each carries its number and the SHA-256 of the line before, so
 * that a line changed, removed or put in between is found; each is durable before {@link #record}
 * returns. Thread-safe.
 */
public final class AuditLog implements AuditTrail, AutoCloseable {
  private static final int MAX_LINE = 64 << 10;
  private static final String FIRST = "0".repeat(64);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final FileChannel channel;
  private final Clock clock;
  private final Interrupted interrupted;
  private long number;
  private String last;

  private AuditLog(Path file, FileChannel channel, Clock clock, Chain chain) {
    this.file = file;
    this.channel = channel;
    this.clock = clock;
    this.interrupted = chain.interrupted();
    this.number = chain.lines();
    this.last = chain.last();
  }

  /**
   * Opens a log, making it when there is none. What a crash left of a last line is cut off.
   *
   * @throws DvxException CORRUPT when the chain is broken: it is then not written on
   */
  public static AuditLog open(Path file, Clock clock) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      StateFile.createFolder(folder);
    }
    try {
      if (!Files.exists(file)) {
        Files.createFile(
            file,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      cutTornLine(file);
      Chain chain = verify(file);
      FileChannel channel =
          FileChannel.open(file, Set.of(StandardOpenOption.WRITE, StandardOpenOption.APPEND));
      return new AuditLog(file, channel, clock, chain);
    } catch (IOException e) {
      throw unusable(file, e);
    }
  }

  /** A line that has no end was never reported as written. */
  private static void cutTornLine(Path file) throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      long end = raw.length();
      while (end > 0) {
        raw.seek(end - 1);
        if (raw.read() == '\n') {
          break;
        }
        end--;
      }
      if (end != raw.length()) {
        raw.setLength(end);
      }
    }
  }

  private record Chain(long lines, String last, Interrupted interrupted) {}

  /** Walks the chain. */
  private static Chain verify(Path file) throws IOException {
    long lines = 0;
    String last = FIRST;
    Interrupted interrupted = new Interrupted();
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        JsonNode node = parse(line);
        if (node == null
            || node.path("n").asLong() != lines + 1
            || !node.path("previous").asText().equals(last)) {
          throw DvxException.of(Kind.CORRUPT, "The audit log was changed")
              .cause("Line " + (lines + 1) + " does not follow the line before it")
              .remedy("Keep the file as evidence, move it away, and start the node again")
              .detail("file", file)
              .build();
        }
        lines++;
        interrupted.see(node);
        last = hash(line);
      }
    }
    return new Chain(lines, last, interrupted);
  }

  private static @Nullable JsonNode parse(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      return null;
    }
  }

  private static String hash(String line) {
    return EnrolmentToken.sha256(line.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public synchronized void record(String kind, String who, String subject, Map<String, ?> facts) {
    ObjectNode line = JSON.createObjectNode();
    line.put("n", number + 1);
    line.put("time", clock.instant().toString());
    line.put("kind", kind);
    line.put("who", who);
    line.put("subject", subject);
    line.set("facts", JSON.valueToTree(facts));
    line.put("previous", last);
    long before = -1;
    try {
      String text = JSON.writeValueAsString(line);
      if (text.length() > MAX_LINE) {
        line.set("facts", JSON.createObjectNode().put("cut", text.length()));
        text = JSON.writeValueAsString(line);
      }
      ByteBuffer bytes = ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.UTF_8));
      before = channel.size();
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(false);
      number++;
      last = hash(text);
    } catch (IOException e) {
      takeBack(before, e);
      throw unusable(file, e);
    }
  }

  /**
   * Records the end of what the process before this one had begun and not ended: it was killed, or
   * its machine went down. Their guests let go by themselves; what is left of their cuts says
   * CRASH.
   */
  public void recordInterrupted() {
    interrupted
        .take()
        .forEach(end -> record(end.kind(), "coordinator", end.subject(), end.facts()));
  }

  /** Half a line must not stay in front of the next one. */
  private void takeBack(long before, IOException because) {
    if (before < 0) {
      return;
    }
    try {
      channel.truncate(before);
    } catch (IOException e) {
      because.addSuppressed(e);
    }
  }

  /**
   * Lines after one, oldest first.
   *
   * @param after number of the last line seen, 0 to start
   * @param limit most lines
   */
  public List<JsonNode> list(long after, int limit) {
    List<JsonNode> page = new ArrayList<>();
    long end;
    synchronized (this) {
      end = number;
    }
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      for (long n = 1; n <= end && page.size() < limit; n++) {
        String line = reader.readLine();
        if (line == null) {
          break;
        }
        JsonNode node = n > after ? parse(line) : null;
        if (node != null) {
          page.add(node);
        }
      }
    } catch (IOException e) {
      throw unusable(file, e);
    }
    return page;
  }

  /** How many lines there are. */
  public synchronized long count() {
    return number;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw unusable(file, e);
    }
  }

  private static DvxException unusable(Path file, IOException e) {
    return DvxException.of(Kind.UNAVAILABLE, "The audit log cannot be used")
        .causedBy(e)
        .remedy("Check that its file system has room; no guest is frozen until it can be written")
        .detail("file", file)
        .build();
  }
}
