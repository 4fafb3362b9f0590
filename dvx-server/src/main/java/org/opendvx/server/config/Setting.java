package org.opendvx.server.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * One key of the configuration: on a component of a record. The key is the component's name in
 * kebab case.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
  /**
   * What holds when the key is missing, written as in YAML; lists are empty then. Of a section: the
   * one key below it that has another default there than elsewhere, such as {@code port: 7342}.
   */
  String value() default "";

  /** Whether the key must be given. */
  boolean required() default false;

  /** What it means, as docs/configuration.md says it. */
  String says();
}
