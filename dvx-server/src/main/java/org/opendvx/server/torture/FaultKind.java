package org.opendvx.server.torture;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** What the torture of an engine does to its process and its drives. */
enum FaultKind {
  /** SIGKILL; what was written stays. Ends every round that nothing else ends. */
  KILL,
  /** Reads, writes or fsyncs of at most two drives fail, some of them or all from then on. */
  IOERROR,
  /** Of a write to at most two drives only some sectors are there, and it fails. */
  TORN,
  /** An fsync of at most two drives fails; what it was to keep is lost. */
  LOSTWRITE,
  /** Bits of at most two drives flip while nothing runs. */
  FLIP,
  /** The file systems of some or all drives are full for a time. */
  FULL,
  /** The power goes for all drives: of what was not forced, any part is lost. */
  POWERCUT;

  static Set<FaultKind> all() {
    return EnumSet.allOf(FaultKind.class);
  }

  /** The word for it on the command line. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** A list of words. */
  static String words(Set<FaultKind> kinds) {
    return kinds.stream().map(FaultKind::word).collect(Collectors.joining(","));
  }

  /**
   * Reads a list of words.
   *
   * @throws IllegalArgumentException when one is none
   */
  static Set<FaultKind> parse(String words) {
    Set<FaultKind> kinds = EnumSet.noneOf(FaultKind.class);
    for (String word : words.split(",", -1)) {
      FaultKind kind =
          Arrays.stream(values())
              .filter(each -> each.word().equals(word.strip()))
              .findFirst()
              .orElseThrow(
                  () -> new IllegalArgumentException(word + " is none of " + words(all())));
      kinds.add(kind);
    }
    return kinds;
  }
}
