package org.opendvx.server.api;

import java.util.List;

/**
 * What a verification found.
 *
 * @param clean whether there are no problems
 * @param containers read
 * @param bytes of them
 * @param slots opened
 * @param nodes of trees that roots reach
 * @param references to different chunks and nodes that roots reach
 * @param unreachable containers that no root reaches, which the cleaner gives back
 * @param unreachableBytes of them
 * @param problems how many there are
 * @param details the first of them
 */
public record VerifyView(
    boolean clean,
    long containers,
    long bytes,
    long slots,
    long nodes,
    long references,
    long unreachable,
    long unreachableBytes,
    long problems,
    List<String> details) {}
