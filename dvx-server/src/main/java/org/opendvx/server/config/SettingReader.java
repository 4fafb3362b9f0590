package org.opendvx.server.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Turns a tree of values into configuration records, strictly: unknown keys, wrong types and
 * missing required keys are refused with the key's full name.
 */
final class SettingReader {
  private static final Pattern SHORT_DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m|h|d)");

  private SettingReader() {}

  /** Reads a record; {@code at} is the key under which it stands, empty at the top. */
  static <T extends Record> T read(@Nullable JsonNode node, Class<T> type, String at) {
    return read(node, type, at, "");
  }

  /** As above; {@code own} is a default of this section's own, see {@link Setting#value}. */
  private static <T extends Record> T read(
      @Nullable JsonNode node, Class<T> type, String at, String own) {
    if (node != null && !empty(node) && !node.isObject()) {
      throw new BadSettingException(at, "it holds keys with values below it", "");
    }
    RecordComponent[] components = type.getRecordComponents();
    if (node != null && node.isObject()) {
      refuseUnknown(node, components, at);
    }
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      String key = join(at, keyOf(components[i]));
      JsonNode value = node == null ? null : node.get(keyOf(components[i]));
      values[i] = component(components[i], value, key, defaultOf(components[i], own));
    }
    return construct(type, components, values, at);
  }

  /** The key of a component: its name in kebab case. */
  static String keyOf(RecordComponent component) {
    return component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  static String join(String at, String key) {
    return at.isEmpty() ? key : at + "." + key;
  }

  /** What holds for a component that is not given, in a section with a default of its own. */
  static String defaultOf(RecordComponent component, String own) {
    String prefix = keyOf(component) + ": ";
    return own.startsWith(prefix)
        ? own.substring(prefix.length())
        : component.getAnnotation(Setting.class).value();
  }

  private static Object component(
      RecordComponent component, @Nullable JsonNode value, String key, String missing) {
    Class<?> type = component.getType();
    boolean given = value != null && !value.isNull();
    if (type.isRecord() && type != ByteSize.class) {
      return read(value, type.asSubclass(Record.class), key, missing);
    }
    if (type == List.class) {
      return list(component.getGenericType(), value, key);
    }
    Setting setting = component.getAnnotation(Setting.class);
    if (!given && setting.required()) {
      throw new BadSettingException(key, "it must be given", "");
    }
    return scalar(type, given ? text(value, key) : missing, key);
  }

  private static List<?> list(Type generic, @Nullable JsonNode value, String key) {
    if (value == null || empty(value)) {
      return List.of();
    }
    if (!value.isArray()) {
      throw new BadSettingException(key, "it is a list: one value a line, each after a dash", "");
    }
    Class<?> element = (Class<?>) ((ParameterizedType) generic).getActualTypeArguments()[0];
    List<Object> values = new ArrayList<>();
    for (JsonNode item : value) {
      String place = key + "[" + values.size() + "]";
      values.add(
          element.isRecord()
              ? read(item, element.asSubclass(Record.class), place)
              : scalar(element, text(item, place), place));
    }
    return List.copyOf(values);
  }

  /** Whether a key stands there with nothing after it. */
  private static boolean empty(JsonNode value) {
    return value.isNull() || (value.isTextual() && value.textValue().isEmpty());
  }

  private static String text(@Nullable JsonNode value, String key) {
    if (value == null || !value.isValueNode()) {
      throw new BadSettingException(key, "it is a single value", "");
    }
    return value.asText();
  }

  private static Object scalar(Class<?> type, String text, String key) {
    try {
      if (type == String.class) {
        return text;
      }
      if (type == int.class) {
        return Integer.parseInt(text);
      }
      if (type == boolean.class) {
        return bool(text);
      }
      if (type == Path.class) {
        return Path.of(text);
      }
      if (type == ByteSize.class) {
        return ByteSize.parse(text);
      }
      if (type == Duration.class) {
        return duration(text);
      }
      if (type.isEnum()) {
        return constant(type, text);
      }
    } catch (NumberFormatException e) {
      throw new BadSettingException(key, "\"" + text + "\" is no whole number", "");
    } catch (IllegalArgumentException e) {
      throw new BadSettingException(key, String.valueOf(e.getMessage()), "");
    }
    throw new IllegalStateException("no reader for settings of " + type);
  }

  private static boolean bool(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("it is true or false");
    };
  }

  private static Duration duration(String text) {
    Matcher matcher = SHORT_DURATION.matcher(text);
    if (!matcher.matches()) {
      try {
        return Duration.parse(text);
      } catch (DateTimeParseException e) {
        throw new IllegalArgumentException("a time is a number with ms, s, m, h or d", e);
      }
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(number);
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }

  private static Object constant(Class<?> type, String given) {
    // YAML takes the bare words on and off for true and false.
    String text =
        switch (given) {
          case "true" -> "on";
          case "false" -> "off";
          default -> given;
        };
    for (Object constant : type.getEnumConstants()) {
      if (wordOf(constant).equals(text.toLowerCase(Locale.ROOT))) {
        return constant;
      }
    }
    throw new IllegalArgumentException(
        "it is one of "
            + String.join(
                ", ", Arrays.stream(type.getEnumConstants()).map(SettingReader::wordOf).toList()));
  }

  static String wordOf(Object constant) {
    return constant.toString().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static void refuseUnknown(JsonNode node, RecordComponent[] components, String at) {
    List<String> known = Arrays.stream(components).map(SettingReader::keyOf).toList();
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!known.contains(name)) {
        String nearest = Nearest.to(name, known).map(key -> join(at, key)).orElse("");
        throw new BadSettingException(join(at, name), "there is no such key", nearest);
      }
    }
  }

  private static <T extends Record> T construct(
      Class<T> type, RecordComponent[] components, Object[] values, String at) {
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      return type.getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof BadSettingException bad) {
        throw bad.below(at);
      }
      throw new IllegalStateException("cannot read " + type.getSimpleName(), e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + type.getSimpleName(), e);
    }
  }
}
