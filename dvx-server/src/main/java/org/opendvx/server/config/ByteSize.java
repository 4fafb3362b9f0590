package org.opendvx.server.config;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes as people write it: {@code 512MiB}, {@code 64 GiB}, {@code 4096}. */
public record ByteSize(long bytes) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,15})\\s*([KMGT]iB|B)?");
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  /**
   * Reads a size.
   *
   * @throws IllegalArgumentException when the text is no size
   */
  public static ByteSize parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException("a size is a number with B, KiB, MiB, GiB or TiB");
    }
    long number = Long.parseLong(matcher.group(1));
    String unit = matcher.group(2);
    int shift = 0;
    for (int i = 1; unit != null && i < UNITS.length; i++) {
      if (UNITS[i].equals(unit)) {
        shift = 10 * i;
      }
    }
    if (number > Long.MAX_VALUE >> shift) {
      throw new IllegalArgumentException("the size is too large");
    }
    return new ByteSize(number << shift);
  }

  /** Bytes for people, with at most two decimals: {@code 1.5 GiB}. */
  public static String human(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    String number = unit == 0 ? Long.toString(bytes) : String.format(Locale.ROOT, "%.2f", value);
    return number.replaceFirst("\\.?0+$", number.contains(".") ? "" : "$0") + " " + UNITS[unit];
  }

  @Override
  public String toString() {
    return human(bytes);
  }
}
