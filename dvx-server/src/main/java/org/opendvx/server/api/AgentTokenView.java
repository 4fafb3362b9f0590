package org.opendvx.server.api;

import java.time.Instant;

/**
 * A one-time token for an agent.
 *
 * @param vm hypervisor/id of the machine that it is for
 * @param token what the agent is given; shown this once
 * @param port on which agents are awaited
 */
public record AgentTokenView(String vm, String token, Instant expires, int port) {
  @Override
  public String toString() {
    return "AgentTokenView[" + vm + "]";
  }
}
