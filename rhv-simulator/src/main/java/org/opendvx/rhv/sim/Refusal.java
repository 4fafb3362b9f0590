package org.opendvx.rhv.sim;

/** The engine says no. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  final int code;

  Refusal(int code, String detail) {
    super(detail);
    this.code = code;
  }

  static Refusal notFound(String what) {
    return new Refusal(404, "Entity not found: " + what);
  }

  static Refusal conflict(String detail) {
    return new Refusal(409, "[" + detail + "]");
  }
}
