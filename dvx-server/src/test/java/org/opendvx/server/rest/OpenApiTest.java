package org.opendvx.server.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import java.io.InputStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.opendvx.server.api.Page;

/** The OpenAPI file and the classes say the same. */
class OpenApiTest {
  private static final Set<String> NOT_CARRIED = Set.of("NodeAccess", "NodeFile", "Page");
  private static JsonNode file = new ObjectMapper().createObjectNode();

  @BeforeAll
  static void read() throws Exception {
    try (InputStream in = OpenApiTest.class.getResourceAsStream("/openapi.yaml")) {
      file = new ObjectMapper(new YAMLFactory()).readTree(in);
    }
  }

  @Test
  void everyOperationIsDescribedWithItsParametersBodyAndRole() {
    assertEquals(lines(implemented()), lines(described()));
  }

  @Test
  void everyRecordIsDescribedWithItsMembers() {
    Map<String, String> records = new TreeMap<>();
    for (JavaClass type :
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(Page.class.getPackageName())) {
      Class<?> record = type.reflect();
      if (record.isRecord() && !NOT_CARRIED.contains(record.getSimpleName())) {
        records.put(
            record.getSimpleName(),
            Arrays.stream(record.getRecordComponents())
                .map(RecordComponent::getName)
                .sorted()
                .collect(Collectors.joining(" ")));
      }
    }
    Map<String, String> schemas = new TreeMap<>();
    file.path("components")
        .path("schemas")
        .properties()
        .forEach(
            schema ->
                schemas.put(
                    schema.getKey(), names(schema.getValue().path("properties").fieldNames())));
    assertEquals("items next", schemas.remove("Page"));
    assertEquals(lines(records), lines(schemas));
  }

  @Test
  void everyReferenceLeadsSomewhere() {
    for (JsonNode reference : file.findValues("$ref")) {
      String pointer = reference.asText().substring(1);
      assertTrue(!file.at(pointer).isMissingNode(), pointer);
    }
    assertEquals("3.1.0", file.path("openapi").asText());
  }

  private static Map<String, String> described() {
    Map<String, String> operations = new TreeMap<>();
    file.path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation ->
                            operations.put(
                                operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
                                describe(operation.getValue()))));
    return operations;
  }

  private static String describe(JsonNode operation) {
    Set<String> parameters = new TreeSet<>();
    for (JsonNode parameter : operation.path("parameters")) {
      parameters.add(parameter.path("in").asText() + ":" + parameter.path("name").asText());
    }
    String body =
        operation
            .at("/requestBody/content/application~1json/schema/$ref")
            .asText("")
            .replaceFirst(".*/", "");
    boolean open = operation.has("security") && operation.get("security").isEmpty();
    return parameters
        + " body="
        + body
        + " role="
        + (open ? "" : operation.path("x-dvx-role").asText());
  }

  private static Map<String, String> implemented() {
    Map<String, String> operations = new TreeMap<>();
    for (JavaClass type : new ClassFileImporter().importPackages("org.opendvx.server.rest")) {
      Class<?> resource = type.reflect();
      Path base = resource.getAnnotation(Path.class);
      if (base == null) {
        continue;
      }
      for (Method method : resource.getDeclaredMethods()) {
        for (Annotation annotation : method.getAnnotations()) {
          HttpMethod verb = annotation.annotationType().getAnnotation(HttpMethod.class);
          if (verb != null) {
            Path below = method.getAnnotation(Path.class);
            String path = base.value() + (below == null ? "" : "/" + below.value());
            operations.put(verb.value() + " /" + path.replaceFirst("^/", ""), describe(method));
          }
        }
      }
    }
    return operations;
  }

  private static String describe(Method method) {
    Set<String> parameters = new TreeSet<>();
    String body = "";
    for (Parameter parameter : method.getParameters()) {
      if (parameter.isAnnotationPresent(PathParam.class)) {
        parameters.add("path:" + parameter.getAnnotation(PathParam.class).value());
      } else if (parameter.isAnnotationPresent(QueryParam.class)) {
        parameters.add("query:" + parameter.getAnnotation(QueryParam.class).value());
      } else if (!parameter.isAnnotationPresent(Context.class)) {
        body = parameter.getType().getSimpleName();
      }
    }
    Requires requires = method.getAnnotation(Requires.class);
    return parameters
        + " body="
        + body
        + " role="
        + (requires == null ? "" : requires.value().word());
  }

  private static String names(Iterator<String> names) {
    Set<String> sorted = new TreeSet<>();
    names.forEachRemaining(sorted::add);
    return String.join(" ", sorted);
  }

  private static String lines(Map<String, String> entries) {
    return entries.entrySet().stream()
        .map(entry -> entry.getKey() + "  " + entry.getValue())
        .collect(Collectors.joining("\n"));
  }
}
