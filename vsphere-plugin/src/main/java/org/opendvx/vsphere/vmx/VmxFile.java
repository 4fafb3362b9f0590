package org.opendvx.vsphere.vmx;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file of {@code key = "value"} lines, as VMware's .vmx, .vmsd and disk descriptors are. Lines
 * that are not understood, their order, the line ends and the bytes of the encoding are kept. Keys
 * are compared without regard to case. In values, {@code |XX} stands for the byte XX, as for the
 * quotation mark. Not thread-safe.
 */
public final class VmxFile {
  /** Lines end at a line feed only, so a value may hold what Unicode calls a line's end. */
  private static final Pattern SETTING =
      Pattern.compile(
          "([ \\t]*)([A-Za-z0-9_.:-]+)([ \\t]*=[ \\t]*)(\"?)(.*?)\\4([ \\t]*)", Pattern.DOTALL);

  private final List<Line> lines;
  private final Charset charset;
  private final String lineEnd;
  private final boolean endsWithLineEnd;

  /** A line; a key that is empty marks one that is kept as it is. */
  private record Line(String raw, String key, String value) {}

  private VmxFile(List<Line> lines, Charset charset, String lineEnd, boolean endsWithLineEnd) {
    this.lines = lines;
    this.charset = charset;
    this.lineEnd = lineEnd;
    this.endsWithLineEnd = endsWithLineEnd;
  }

  /** Reads a file; there is none that cannot be read. */
  public static VmxFile parse(byte[] bytes) {
    Charset charset = charsetOf(bytes);
    String text = new String(bytes, charset);
    String lineEnd = text.contains("\r\n") ? "\r\n" : "\n";
    boolean closed = text.isEmpty() || text.endsWith("\n");
    List<Line> lines = new ArrayList<>();
    String body = closed && !text.isEmpty() ? text.substring(0, text.length() - 1) : text;
    if (!text.isEmpty()) {
      for (String each : body.split("\n", -1)) {
        lines.add(line(each.endsWith("\r") ? each.substring(0, each.length() - 1) : each));
      }
    }
    return new VmxFile(lines, charset, lineEnd, closed);
  }

  private static Charset charsetOf(byte[] bytes) {
    try {
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes));
      return StandardCharsets.UTF_8;
    } catch (CharacterCodingException _) {
      // Every byte is a character there, so all of them are kept.
      return StandardCharsets.ISO_8859_1;
    }
  }

  private static Line line(String raw) {
    Matcher match = SETTING.matcher(raw);
    return match.matches()
        ? new Line(raw, match.group(2).toLowerCase(Locale.ROOT), unescape(match.group(5)))
        : new Line(raw, "", "");
  }

  /** The value of a key; of the last line that sets it, as VMware reads it. */
  public Optional<String> get(String key) {
    String wanted = key.toLowerCase(Locale.ROOT);
    return lines.reversed().stream()
        .filter(each -> each.key().equals(wanted))
        .map(Line::value)
        .findFirst();
  }

  /** The keys in lower case, in order. */
  public List<String> keys() {
    return lines.stream().map(Line::key).filter(each -> !each.isEmpty()).toList();
  }

  /** Sets a key where it stands, or at the end. */
  public void set(String key, String value) {
    String wanted = key.toLowerCase(Locale.ROOT);
    boolean found = false;
    for (int i = 0; i < lines.size(); i++) {
      Line each = lines.get(i);
      if (each.key().equals(wanted)) {
        lines.set(i, new Line(rewritten(each.raw(), value), wanted, value));
        found = true;
      }
    }
    if (!found) {
      lines.add(new Line(key + " = \"" + escape(value) + "\"", wanted, value));
    }
  }

  /** Removes the lines of every key (in lower case) that fits. */
  public void removeIf(Predicate<String> keys) {
    lines.removeIf(each -> !each.key().isEmpty() && keys.test(each.key()));
  }

  /** Replaces lines that are no settings; the function gives back what it leaves alone. */
  public void replaceOther(java.util.function.UnaryOperator<String> replacement) {
    lines.replaceAll(
        each -> each.key().isEmpty() ? new Line(replacement.apply(each.raw()), "", "") : each);
  }

  private static String rewritten(String raw, String value) {
    Matcher match = SETTING.matcher(raw);
    if (!match.matches()) {
      return raw;
    }
    String quote = match.group(4).isEmpty() && !value.matches("[\\w.-]*") ? "\"" : match.group(4);
    return match.group(1)
        + match.group(2)
        + match.group(3)
        + quote
        + escape(value)
        + quote
        + match.group(6);
  }

  /** The file as it is to be written. */
  public byte[] bytes() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      text.append(lines.get(i).raw());
      if (i < lines.size() - 1 || endsWithLineEnd) {
        text.append(lineEnd);
      }
    }
    String all = text.toString();
    // A value from outside may hold what the old encoding lacks.
    return charset.newEncoder().canEncode(all)
        ? all.getBytes(charset)
        : all.getBytes(StandardCharsets.UTF_8);
  }

  private static String escape(String value) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '|' || c < ' ') {
        text.append('|').append(String.format(Locale.ROOT, "%02X", (int) c));
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  private static String unescape(String value) {
    Matcher match = Pattern.compile("\\|([0-9A-Fa-f]{2})").matcher(value);
    return match.replaceAll(
        found ->
            Matcher.quoteReplacement(
                Character.toString((char) Integer.parseInt(found.group(1), 16))));
  }
}
