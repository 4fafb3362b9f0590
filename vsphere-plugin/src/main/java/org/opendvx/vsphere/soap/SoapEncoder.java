package org.opendvx.vsphere.soap;

import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.ws.Argument;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Calendar;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Writes the library's calls as SOAP requests. The library's own writer does not escape text, so
 * that a password or a name with a {@code <} in it breaks the request, or adds to it. Fields go in
 * the order of the model's classes, parents first, which is the order of vSphere's schema.
 * Thread-safe.
 */
final class SoapEncoder {
  private static final String HEAD =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
          + "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\""
          + " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""
          + " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>";
  private static final String TAIL = "</soapenv:Body></soapenv:Envelope>";
  private static final String MODEL = "com.vmware.vim25.";

  private final Map<Class<?>, List<Field>> fields = new ConcurrentHashMap<>();

  String encode(String method, Argument[] arguments, String namespace) {
    StringBuilder out = new StringBuilder(1024).append(HEAD);
    out.append('<').append(method).append(" xmlns=\"").append(namespace).append("\">");
    for (Argument each : arguments) {
      String type = each.getType();
      String item = type.endsWith("[]") ? type.substring(0, type.length() - 2) : type;
      value(out, each.getName(), item, each.getValue());
    }
    return out.append("</").append(method).append('>').append(TAIL).toString();
  }

  private void value(StringBuilder out, String tag, String declared, @Nullable Object value) {
    if (value == null) {
      return;
    }
    if (value.getClass().isArray() && !(value instanceof byte[])) {
      for (int i = 0; i < Array.getLength(value); i++) {
        value(out, tag, declared, Array.get(value, i));
      }
      return;
    }
    if (value instanceof ManagedObjectReference reference) {
      out.append('<').append(tag);
      if (declared.equals("Object")) {
        out.append(" xsi:type=\"ManagedObjectReference\"");
      }
      out.append(" type=\"").append(escaped(reference.getType())).append("\">");
      out.append(escaped(reference.getVal())).append("</").append(tag).append('>');
      return;
    }
    String basic = basicType(value);
    boolean ofModel = value.getClass().getName().startsWith(MODEL) && basic.isEmpty();
    if (!ofModel && basic.isEmpty()) {
      throw new IllegalArgumentException("no vSphere type: " + value.getClass().getName());
    }
    out.append('<').append(tag);
    String type = ofModel ? value.getClass().getSimpleName() : basic;
    if (ofModel ? !type.equals(declared) : declared.equals("Object")) {
      out.append(" xsi:type=\"").append(type).append('"');
    }
    out.append('>');
    if (ofModel) {
      members(out, value);
    } else {
      out.append(escaped(text(value)));
    }
    out.append("</").append(tag).append('>');
  }

  private void members(StringBuilder out, Object object) {
    for (Field field : fields.computeIfAbsent(object.getClass(), SoapEncoder::ordered)) {
      Class<?> type = field.getType();
      Class<?> item = type.isArray() && type != byte[].class ? type.getComponentType() : type;
      try {
        value(out, field.getName(), item.getSimpleName(), field.get(object));
      } catch (IllegalAccessException e) {
        throw new IllegalStateException("the library's model hides " + field, e);
      }
    }
  }

  private static List<Field> ordered(Class<?> type) {
    List<Field> all = new ArrayList<>();
    Class<?> parent = type.getSuperclass();
    if (parent != null && parent.getName().startsWith(MODEL)) {
      all.addAll(ordered(parent));
    }
    for (Field field : type.getDeclaredFields()) {
      if (Modifier.isPublic(field.getModifiers()) && !Modifier.isStatic(field.getModifiers())) {
        all.add(field);
      }
    }
    return all;
  }

  /** The schema's name of a basic value's type, empty for an object of the model. */
  private static String basicType(Object value) {
    return switch (value) {
      case String _ -> "xsd:string";
      case Boolean _ -> "xsd:boolean";
      case Byte _ -> "xsd:byte";
      case Short _ -> "xsd:short";
      case Integer _ -> "xsd:int";
      case Long _ -> "xsd:long";
      case Float _ -> "xsd:float";
      case Double _ -> "xsd:double";
      case Calendar _ -> "xsd:dateTime";
      case byte[] _ -> "xsd:base64Binary";
      case Enum<?> constant -> constant.getDeclaringClass().getSimpleName();
      default -> "";
    };
  }

  private static String text(Object value) {
    return switch (value) {
      case Calendar time -> time.toInstant().toString();
      case byte[] bytes -> Base64.getEncoder().encodeToString(bytes);
      case Enum<?> constant -> constant.toString();
      default -> value.toString();
    };
  }

  private static String escaped(@Nullable String text) {
    if (text == null) {
      return "";
    }
    StringBuilder out = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&apos;");
        case '\t', '\n', '\r' -> out.append("&#").append((int) c).append(';');
        default -> {
          if (c < ' ' || c == '\uFFFE' || c == '\uFFFF') {
            throw DvxException.of(Kind.INVALID, "A text cannot be sent to vCenter")
                .cause("it holds a control character")
                .build();
          }
          out.append(c);
        }
      }
    }
    return out.toString();
  }
}
