package org.opendvx.server.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import java.io.PrintWriter;
import java.util.function.Supplier;
import org.opendvx.server.api.Json;
import picocli.CommandLine.Option;

/** In which form results are printed. */
final class OutputOptions {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORM",
      description = "table (for people), json or yaml (for programs). Default: table.")
  private Form form = Form.table;

  /** The forms; named as they are written. */
  @SuppressWarnings("MemberName") // picocli shows and reads the names as they are
  enum Form {
    table,
    json,
    yaml
  }

  /** Prints a result. */
  void print(PrintWriter out, Object result, Supplier<String> table) {
    ObjectMapper json = Json.lenient();
    try {
      switch (form) {
        case table -> out.print(table.get());
        case json -> out.println(json.writerWithDefaultPrettyPrinter().writeValueAsString(result));
        case yaml -> {
          JsonNode tree = json.valueToTree(result);
          out.print(
              new ObjectMapper(
                      YAMLFactory.builder()
                          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                          .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                          .build())
                  .writeValueAsString(tree));
        }
      }
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of plain values can be written", e);
    }
    out.flush();
  }
}
