package org.opendvx.vsphere.soap;

import com.vmware.vim25.DynamicData;
import com.vmware.vim25.DynamicProperty;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.MethodFault;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * The library's model of vSphere's data types, looked up by name. What it lacks is answered with
 * empty, never with an exception: the model ends at vSphere 6.0. Thread-safe.
 */
final class VimTypes {
  private static final String PACKAGE = "com.vmware.vim25.";
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]{0,127}");
  private static final int REMEMBERED = 20_000;

  private static final Map<String, Class<?>> BASIC =
      Map.ofEntries(
          Map.entry("string", String.class),
          Map.entry("anyURI", String.class),
          Map.entry("boolean", Boolean.class),
          Map.entry("byte", Byte.class),
          Map.entry("short", Short.class),
          Map.entry("int", Integer.class),
          Map.entry("long", Long.class),
          Map.entry("float", Float.class),
          Map.entry("double", Double.class),
          Map.entry("dateTime", java.util.Calendar.class),
          Map.entry("base64Binary", byte[].class));

  private final Map<String, Optional<Class<?>>> classes = new ConcurrentHashMap<>();
  private final Map<Class<?>, Map<String, Field>> fields = new ConcurrentHashMap<>();

  /** The Java type of an XML Schema type such as {@code int}. */
  Optional<Class<?>> basic(String name) {
    return Optional.ofNullable(BASIC.get(name));
  }

  /** The class of a vSphere data type, if the library has it and it holds data. */
  Optional<Class<?>> named(String name) {
    if (!NAME.matcher(name).matches()) {
      return Optional.empty();
    }
    Optional<Class<?>> known = classes.get(name);
    if (known != null) {
      return known;
    }
    Optional<Class<?>> found = load(name);
    if (found.isPresent() || classes.size() < REMEMBERED) {
      classes.put(name, found);
    }
    return found;
  }

  /** The public field of a data class, its parents' included. */
  Optional<Field> field(Class<?> type, String name) {
    return Optional.ofNullable(fields.computeIfAbsent(type, VimTypes::publicFields).get(name));
  }

  private static Optional<Class<?>> load(String name) {
    try {
      Class<?> type = Class.forName(PACKAGE + name, false, VimTypes.class.getClassLoader());
      return holdsData(type) ? Optional.of(type) : Optional.empty();
    } catch (ClassNotFoundException | LinkageError _) {
      // Newer than the model, or (LinkageError) differs from it in case only.
      return Optional.empty();
    }
  }

  private static boolean holdsData(Class<?> type) {
    return DynamicData.class.isAssignableFrom(type)
        || MethodFault.class.isAssignableFrom(type)
        || type == ManagedObjectReference.class
        || type == DynamicProperty.class
        || type.isEnum();
  }

  private static Map<String, Field> publicFields(Class<?> type) {
    Map<String, Field> all = new ConcurrentHashMap<>();
    for (Field field : type.getFields()) {
      boolean ours = field.getDeclaringClass().getName().startsWith(PACKAGE);
      if (ours && !Modifier.isStatic(field.getModifiers())) {
        all.put(field.getName(), field);
      }
    }
    return all;
  }
}
