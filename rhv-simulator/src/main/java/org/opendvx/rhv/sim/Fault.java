package org.opendvx.rhv.sim;

/** What goes wrong with one call of the API. */
public enum Fault {
  NONE,
  /** No answer for a long time; the call is not carried out. */
  HANG,
  /** The call is carried out, the answer never comes. */
  HANG_AFTER,
  /** 503, as an engine that starts answers: with a page, not with XML. */
  UNAVAILABLE,
  /** 404 with a page, as a proxy answers for an engine that does not run behind it. */
  PAGE_404,
  /** The connection breaks before anything was done. */
  DROP,
  /** The call is carried out, then the connection breaks. */
  DROP_AFTER,
  /** The engine restarts: tokens are gone, and it is 503 for some calls. */
  RESTART,
  /** The token is not valid any more. */
  EXPIRE
}
