package org.opendvx.server.bench.engine;

import org.opendvx.server.config.ByteSize;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Sizes as the configuration has them: {@code 64KiB}, {@code 6GiB}. */
final class Bytes implements ITypeConverter<Long> {
  /** Used by picocli. */
  Bytes() {}

  @Override
  public Long convert(String text) {
    try {
      return ByteSize.parse(text).bytes();
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("'" + text + "': " + e.getMessage());
    }
  }
}
