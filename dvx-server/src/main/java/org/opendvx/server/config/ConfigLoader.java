package org.opendvx.server.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Reads the configuration file of a node. */
public final class ConfigLoader {
  /** Largest configuration file: 1 MiB. */
  private static final int MAX_BYTES = 1 << 20;

  private static final String WHAT = "The configuration cannot be used";

  private ConfigLoader() {}

  /** What holds with no configuration file. */
  public static NodeConfig defaults() {
    return SettingReader.read(null, NodeConfig.class, "");
  }

  /**
   * Reads and checks a YAML file.
   *
   * @throws DvxException INVALID, NOT_FOUND or DENIED
   */
  public static NodeConfig load(Path file) {
    return parse(text(file), file);
  }

  /** What holds for a data node with no configuration file. */
  public static DataNodeConfig dataNodeDefaults() {
    return SettingReader.read(null, DataNodeConfig.class, "");
  }

  /** As {@link #load}, for a data node. */
  public static DataNodeConfig loadDataNode(Path file) {
    return parse(text(file), file, DataNodeConfig.class);
  }

  private static String text(Path file) {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      throw DvxException.of(Kind.NOT_FOUND, "The configuration file is not there")
          .cause("There is no such file")
          .remedy("Name an existing file, or start without --config for the embedded default")
          .detail("file", file.toAbsolutePath())
          .build();
    } catch (IOException e) {
      throw DvxException.of(Kind.DENIED, "The configuration file cannot be read")
          .causedBy(e)
          .remedy("Check its owner and its rights")
          .detail("file", file.toAbsolutePath())
          .build();
    }
    if (bytes.length > MAX_BYTES) {
      throw DvxException.of(Kind.INVALID, WHAT)
          .cause("The file is larger than 1 MiB")
          .remedy("Name the right file")
          .detail("file", file.toAbsolutePath())
          .build();
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Reads and checks the text of a file. */
  static NodeConfig parse(String text, Path file) {
    return parse(text, file, NodeConfig.class);
  }

  private static <T extends Record> T parse(String text, Path file, Class<T> type) {
    try {
      return SettingReader.read(tree(text), type, "");
    } catch (JsonProcessingException e) {
      throw DvxException.of(Kind.INVALID, WHAT)
          .cause("It is no valid YAML: " + e.getOriginalMessage())
          .remedy("Correct the line")
          .detail("file", file.toAbsolutePath())
          .detail("line", e.getLocation() == null ? "?" : e.getLocation().getLineNr())
          .build();
    } catch (BadSettingException e) {
      throw refused(e, file);
    }
  }

  private static JsonNode tree(String text) throws JsonProcessingException {
    ObjectMapper yaml =
        new ObjectMapper(
            YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build());
    yaml.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    JsonNode tree = yaml.readTree(text);
    return tree == null || tree.isMissingNode() ? yaml.createObjectNode() : tree;
  }

  private static DvxException refused(BadSettingException bad, Path file) {
    String key = bad.key().isEmpty() ? "the file" : bad.key();
    String remedy =
        bad.nearest().isEmpty()
            ? "Correct it; docs/configuration.md lists every key"
            : "Did you mean " + bad.nearest() + "? docs/configuration.md lists every key";
    return DvxException.of(Kind.INVALID, WHAT)
        .cause(key + ": " + bad.reason())
        .remedy(remedy)
        .detail("file", file.toAbsolutePath())
        .build();
  }
}
