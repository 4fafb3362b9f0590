package org.opendvx.server.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** docs/configuration.md lists exactly the keys that are read, with their defaults and meaning. */
class ConfigurationPageTest {
  @Test
  void thePageListsEveryKey() throws IOException {
    List<String> rows =
        Files.readAllLines(Path.of("../docs/configuration.md")).stream()
            .takeWhile(line -> !line.equals("## The data folder"))
            .filter(line -> line.startsWith("| `"))
            .toList();
    List<String> expected = new ArrayList<>();
    collect(NodeConfig.class, "", "", expected);
    assertEquals(String.join("\n", expected), String.join("\n", rows));
  }

  @Test
  void thePageOfDataNodesListsEveryKey() throws IOException {
    List<String> rows =
        Files.readAllLines(Path.of("../docs/datanode.md")).stream()
            .filter(line -> line.startsWith("| `"))
            .toList();
    List<String> expected = new ArrayList<>();
    collect(DataNodeConfig.class, "", "", expected);
    assertEquals(String.join("\n", expected), String.join("\n", rows));
  }

  private static void collect(Class<?> record, String at, String own, List<String> rows) {
    for (RecordComponent component : record.getRecordComponents()) {
      String key = SettingReader.join(at, SettingReader.keyOf(component));
      Class<?> type = component.getType();
      if (type == List.class
          && ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0]
              instanceof Class<?> element
          && element.isRecord()) {
        rows.add(row(component, key, own));
        collect(element, key + "[]", "", rows);
      } else if (type.isRecord() && type != ByteSize.class) {
        collect(type, key, SettingReader.defaultOf(component, own), rows);
      } else {
        rows.add(row(component, key, own));
      }
    }
  }

  private static String row(RecordComponent component, String key, String own) {
    Setting setting = component.getAnnotation(Setting.class);
    String standard = SettingReader.defaultOf(component, own);
    String value = setting.required() ? "required" : standard.isEmpty() ? "" : "`" + standard + "`";
    return "| `" + key + "` | " + value + " | " + setting.says() + " |";
  }
}
