package org.opendvx.server.bench;

/** How figures are printed. */
enum OutputFormat {
  TABLE,
  JSON
}
