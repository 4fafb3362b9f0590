package org.opendvx.vsphere.soap;

import com.vmware.vim25.LocalizableMessage;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.MethodFault;
import java.io.ByteArrayInputStream;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.rmi.RemoteException;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Calendar;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.datatype.DatatypeConfigurationException;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/**
 * Turns a vSphere answer into objects of the library's model. It reads the stream once and goes by
 * the declared type of each field: fields, types and enum values that the model lacks are skipped,
 * so that an answer of a newer vCenter is understood as far as the model goes. Document types are
 * refused, and with them every entity that they could define; depth is bounded. Thread-safe.
 */
public final class SoapDecoder {
  private static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
  private static final String XSI = "http://www.w3.org/2001/XMLSchema-instance";
  private static final int MAX_DEPTH = 200;

  /** The largest page that we ask for has some hundred thousand. */
  private static final int MAX_ELEMENTS = 4_000_000;

  private static final int MOST_FAULT_MESSAGES = 8;

  private final VimTypes types = new VimTypes();
  private final XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
  private final DatatypeFactory datatypes;

  /** A decoder. */
  public SoapDecoder() {
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setProperty(XMLInputFactory.IS_NAMESPACE_AWARE, true);
    factory.setProperty(XMLInputFactory.IS_COALESCING, true);
    try {
      datatypes = DatatypeFactory.newInstance();
    } catch (DatatypeConfigurationException e) {
      throw new IllegalStateException("the JDK has no XML data types", e);
    }
  }

  /**
   * Decodes an answer.
   *
   * @param returnType the library's name of the method's result, such as {@code ObjectContent[]};
   *     null for a method without one
   * @throws SoapFault when the answer is a fault
   * @throws NotSoapException when it is no vSphere answer at all
   */
  public @Nullable Object decode(@Nullable String returnType, byte[] answer)
      throws RemoteException {
    try {
      XMLStreamReader xml = factory.createXMLStreamReader(new ByteArrayInputStream(answer));
      try {
        return new Answer(xml).read(returnType);
      } finally {
        xml.close();
      }
    } catch (XMLStreamException e) {
      throw new NotSoapException("the answer is not well-formed XML", false, e);
    } catch (IllegalArgumentException | DateTimeParseException e) {
      throw new NotSoapException("a value in the answer is not of its type", false, e);
    } catch (ReflectiveOperationException e) {
      throw new NotSoapException("the answer does not fit the library's model", false, e);
    }
  }

  /** One answer being read. The cursor stands on a start tag when a method is entered. */
  private final class Answer {
    private final XMLStreamReader xml;
    private int depth;
    private int elements;

    private Answer(XMLStreamReader xml) {
      this.xml = xml;
    }

    private @Nullable Object read(@Nullable String returnType)
        throws XMLStreamException, ReflectiveOperationException, RemoteException {
      enter("Envelope");
      while (child()) {
        if (!xml.getLocalName().equals("Body")) {
          skip();
          continue;
        }
        if (!child()) {
          break;
        }
        if (xml.getLocalName().equals("Fault") && SOAP.equals(xml.getNamespaceURI())) {
          throw fault();
        }
        return returned(returnType);
      }
      throw new NotSoapException("the answer has no SOAP body", false);
    }

    private void enter(String name) throws XMLStreamException, RemoteException {
      while (xml.hasNext()) {
        int event = xml.next();
        if (event == XMLStreamConstants.DTD) {
          throw new NotSoapException("the answer carries a document type, which is refused", false);
        }
        if (event == XMLStreamConstants.START_ELEMENT) {
          if (xml.getLocalName().equals(name) && SOAP.equals(xml.getNamespaceURI())) {
            return;
          }
          break;
        }
      }
      throw new NotSoapException("the answer is not a SOAP envelope", false);
    }

    /** Moves to the next child's start tag, or past the parent's end: false. */
    private boolean child() throws XMLStreamException, RemoteException {
      while (xml.hasNext()) {
        switch (xml.next()) {
          case XMLStreamConstants.START_ELEMENT -> {
            depth++;
            if (depth > MAX_DEPTH) {
              throw new NotSoapException("the answer is nested too deeply", false);
            }
            if (++elements > MAX_ELEMENTS) {
              throw new NotSoapException("the answer has too many elements", false);
            }
            return true;
          }
          case XMLStreamConstants.END_ELEMENT -> {
            depth--;
            return false;
          }
          case XMLStreamConstants.ENTITY_REFERENCE ->
              throw new NotSoapException("the answer uses an entity, which is refused", false);
          default -> {
            // Text between elements, comments, processing instructions.
          }
        }
      }
      throw new NotSoapException("the answer ends early", true);
    }

    private void skip() throws XMLStreamException, RemoteException {
      int end = depth - 1;
      while (depth > end) {
        child();
      }
    }

    private @Nullable Object returned(@Nullable String returnType)
        throws XMLStreamException, ReflectiveOperationException, RemoteException {
      if (returnType == null) {
        skip();
        return null;
      }
      boolean many = returnType.endsWith("[]");
      Class<?> item =
          resultClass(many ? returnType.substring(0, returnType.length() - 2) : returnType);
      List<Object> values = new ArrayList<>();
      while (child()) {
        Object value = value(item);
        if (value != null) {
          values.add(value);
        }
      }
      if (many) {
        return values.isEmpty() ? null : array(item, values);
      }
      return values.isEmpty() ? null : values.getFirst();
    }

    private Class<?> resultClass(String name) throws RemoteException {
      if (name.equals("Object")) {
        return Object.class;
      }
      Optional<Class<?>> found = types.basic(name.equals("String") ? "string" : name);
      if (found.isEmpty() && name.equals("Calendar")) {
        found = Optional.of(Calendar.class);
      }
      if (found.isEmpty()) {
        found = types.named(name);
      }
      return found.orElseThrow(
          () -> new NotSoapException("the library does not know the result " + name, false));
    }

    private RemoteException fault()
        throws XMLStreamException, ReflectiveOperationException, RemoteException {
      String text = "";
      String type = "";
      MethodFault known = null;
      while (child()) {
        switch (xml.getLocalName()) {
          case "faultstring" -> text = text();
          case "detail" -> {
            while (child()) {
              if (!type.isEmpty()) {
                skip();
                continue;
              }
              String element = xml.getLocalName();
              String named = schemaType();
              type = named.isEmpty() ? element.replaceFirst("Fault$", "") : named;
              Optional<Class<?>> found = types.named(type);
              if (found.isPresent() && MethodFault.class.isAssignableFrom(found.get())) {
                known = (MethodFault) object(found.get());
              } else {
                skip();
              }
            }
          }
          default -> skip();
        }
      }
      return new SoapFault(type, withDetails(text.strip(), known), known);
    }

    /** The words of a fault are general; what went wrong on a host is in its messages. */
    private static String withDetails(String text, @Nullable MethodFault fault) {
      StringBuilder words = new StringBuilder(text);
      if (fault != null && fault.getFaultMessage() != null) {
        for (LocalizableMessage each :
            Arrays.asList(fault.getFaultMessage())
                .subList(0, Math.min(fault.getFaultMessage().length, MOST_FAULT_MESSAGES))) {
          String message = each.getMessage();
          if (message != null && !message.isBlank() && words.indexOf(message.strip()) < 0) {
            words.append(words.isEmpty() ? "" : " ").append(message.strip());
          }
        }
      }
      return words.toString();
    }

    /** Reads the element as the declared class, or as the class that it names if that fits. */
    private @Nullable Object value(Class<?> declared)
        throws XMLStreamException, ReflectiveOperationException, RemoteException {
      String named = schemaType();
      if (nil()) {
        skip();
        return null;
      }
      if (declared == Object.class) {
        return anything(named);
      }
      if (isBasic(declared)) {
        return basic(declared, text());
      }
      if (declared.isEnum()) {
        return constant(declared, text());
      }
      Class<?> wanted = declared;
      if (!named.isEmpty()) {
        wanted = types.named(named).filter(declared::isAssignableFrom).orElse(declared);
      }
      return object(wanted);
    }

    private @Nullable Object anything(String named)
        throws XMLStreamException, ReflectiveOperationException, RemoteException {
      if (named.startsWith("ArrayOf")) {
        String item = named.substring("ArrayOf".length());
        Optional<Class<?>> known = types.named(item);
        if (known.isEmpty()) {
          known =
              types.basic(
                  item.substring(0, Math.min(1, item.length())).toLowerCase(java.util.Locale.ROOT)
                      + item.substring(Math.min(1, item.length())));
        }
        if (known.isEmpty() && item.equals("AnyType")) {
          known = Optional.of(Object.class);
        }
        if (known.isEmpty()) {
          skip();
          return null;
        }
        List<Object> values = new ArrayList<>();
        while (child()) {
          Object value = value(known.get());
          if (value != null) {
            values.add(value);
          }
        }
        return array(known.get(), values);
      }
      Optional<Class<?>> basic = types.basic(named);
      if (basic.isPresent()) {
        return basic(basic.get(), text());
      }
      Optional<Class<?>> known = types.named(named);
      if (known.isEmpty()) {
        skip();
        return null;
      }
      return known.get().isEnum() ? constant(known.get(), text()) : object(known.get());
    }

    private @Nullable Object object(Class<?> type)
        throws XMLStreamException, ReflectiveOperationException, RemoteException {
      if (type == ManagedObjectReference.class) {
        ManagedObjectReference reference = new ManagedObjectReference();
        reference.setType(plainAttribute("type"));
        reference.setVal(text());
        return reference;
      }
      if (java.lang.reflect.Modifier.isAbstract(type.getModifiers())) {
        skip();
        return null;
      }
      Object object = type.getDeclaredConstructor().newInstance();
      Map<Field, List<Object>> lists = new LinkedHashMap<>();
      while (child()) {
        Optional<Field> field = types.field(type, xml.getLocalName());
        if (field.isEmpty()) {
          skip();
          continue;
        }
        Class<?> declared = field.get().getType();
        boolean list = declared.isArray() && declared != byte[].class;
        Object value = value(list ? declared.getComponentType() : declared);
        if (value == null) {
          continue;
        }
        if (list) {
          lists.computeIfAbsent(field.get(), _ -> new ArrayList<>()).add(value);
        } else {
          field.get().set(object, value);
        }
      }
      for (Map.Entry<Field, List<Object>> each : lists.entrySet()) {
        Field field = each.getKey();
        field.set(object, array(field.getType().getComponentType(), each.getValue()));
      }
      return object;
    }

    private String text() throws XMLStreamException, RemoteException {
      StringBuilder text = new StringBuilder();
      int end = depth - 1;
      while (depth > end && xml.hasNext()) {
        switch (xml.next()) {
          case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA, XMLStreamConstants.SPACE ->
              text.append(xml.getText());
          case XMLStreamConstants.START_ELEMENT -> {
            depth++;
            skip();
          }
          case XMLStreamConstants.END_ELEMENT -> depth--;
          case XMLStreamConstants.ENTITY_REFERENCE ->
              throw new NotSoapException("the answer uses an entity, which is refused", false);
          default -> {
            // Comments and processing instructions.
          }
        }
      }
      return text.toString();
    }

    /** The local part of xsi:type, or empty. */
    private String schemaType() {
      String type = xml.getAttributeValue(XSI, "type");
      return type == null ? "" : type.substring(type.indexOf(':') + 1);
    }

    private boolean nil() {
      return "true".equals(xml.getAttributeValue(XSI, "nil"));
    }

    /** An attribute in no namespace: asking by name alone would also find xsi:type. */
    private @Nullable String plainAttribute(String name) {
      for (int i = 0; i < xml.getAttributeCount(); i++) {
        String space = xml.getAttributeNamespace(i);
        if ((space == null || space.isEmpty()) && xml.getAttributeLocalName(i).equals(name)) {
          return xml.getAttributeValue(i);
        }
      }
      return null;
    }
  }

  private static boolean isBasic(Class<?> type) {
    return type.isPrimitive()
        || type == String.class
        || type == Boolean.class
        || Number.class.isAssignableFrom(type)
        || type == Calendar.class
        || type == byte[].class;
  }

  private Object basic(Class<?> type, String text) {
    if (type == String.class) {
      return text;
    }
    String value = text.strip();
    if (type == boolean.class || type == Boolean.class) {
      return value.equals("true") || value.equals("1");
    }
    if (type == int.class || type == Integer.class) {
      return Integer.valueOf(value);
    }
    if (type == long.class || type == Long.class) {
      return Long.valueOf(value);
    }
    if (type == short.class || type == Short.class) {
      return Short.valueOf(value);
    }
    if (type == byte.class || type == Byte.class) {
      return Byte.valueOf(value);
    }
    if (type == float.class || type == Float.class) {
      return Float.valueOf(value);
    }
    if (type == double.class || type == Double.class) {
      return Double.valueOf(value);
    }
    if (type == Calendar.class) {
      return datatypes.newXMLGregorianCalendar(value).toGregorianCalendar();
    }
    if (type == byte[].class) {
      return Base64.getMimeDecoder().decode(value);
    }
    throw new IllegalArgumentException("no such basic type: " + type);
  }

  private static @Nullable Object constant(Class<?> type, String text) {
    for (Object constant : type.getEnumConstants()) {
      if (((Enum<?>) constant).name().equals(text) || constant.toString().equals(text)) {
        return constant;
      }
    }
    return null;
  }

  private static Object array(Class<?> item, List<Object> values) {
    Object array = Array.newInstance(item, values.size());
    for (int i = 0; i < values.size(); i++) {
      Array.set(array, i, values.get(i));
    }
    return array;
  }
}
