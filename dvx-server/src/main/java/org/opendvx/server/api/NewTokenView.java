package org.opendvx.server.api;

/**
 * A token that was just made.
 *
 * @param secret what its holder presents; shown this once
 */
public record NewTokenView(TokenView token, String secret) {
  @Override
  public String toString() {
    return "NewTokenView[" + token + "]";
  }
}
