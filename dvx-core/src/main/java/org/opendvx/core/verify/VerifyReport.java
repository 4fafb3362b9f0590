package org.opendvx.core.verify;

import java.util.List;

/**
 * What a verification found.
 *
 * @param containers read
 * @param bytes of them
 * @param slots opened: decrypted and authenticated, chunks compared with their fingerprints
 * @param nodes of trees that roots reach
 * @param references to different chunks and nodes that roots reach
 * @param unreachable containers that no root reaches any more, which the cleaner gives back
 * @param unreachableBytes of them
 * @param problems how many there are
 * @param details the first ones, for a person
 */
public record VerifyReport(
    long containers,
    long bytes,
    long slots,
    long nodes,
    long references,
    long unreachable,
    long unreachableBytes,
    long problems,
    List<String> details) {

  /** Whether everything is as it should be. */
  public boolean clean() {
    return problems == 0;
  }
}
