package org.opendvx.server.bench.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Reports as JSON. */
public final class Json {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Json() {}

  /** The report as text on several lines. */
  public static String write(Object report) {
    try {
      return MAPPER.writeValueAsString(report);
    } catch (JsonProcessingException e) {
      throw DvxException.of(Kind.INTERNAL, "The report cannot be written as JSON")
          .causedBy(e)
          .build();
    }
  }

  /** The load's report that is kept in a file. */
  public static LoadReport readLoad(Path file) {
    try {
      return MAPPER.readValue(file.toFile(), LoadReport.class);
    } catch (IOException e) {
      throw DvxException.of(Kind.INVALID, "'" + file + "' is no report of a load")
          .causedBy(e)
          .remedy("Give files that 'dvx bench nfs -o json' has printed")
          .build();
    }
  }
}
