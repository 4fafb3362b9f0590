package org.opendvx.server.service;

import java.time.Duration;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.AgentTokenView;
import org.opendvx.server.api.AgentView;
import org.opendvx.server.api.AuditView;
import org.opendvx.server.api.Page;

/** Guest agents and the audit log, as REST needs them. Thread-safe. */
public interface Agents extends AutoCloseable {

  /** What holds guests. */
  List<Quiescer> quiescers();

  /** Where freezes are recorded. */
  AuditTrail audit();

  /**
   * Makes a one-time token.
   *
   * @throws DvxException UNSUPPORTED when no agents are awaited here
   */
  AgentTokenView token(VmRef vm, Duration life, String by);

  /** All that are remembered. */
  List<AgentView> list();

  /** Takes an identity back. */
  AgentView revoke(String id, String by);

  /** Audit records after one, oldest first. */
  Page<AuditView> records(long afterId, int limit);

  @Override
  void close();

  /** No agents, and nothing to record. */
  static Agents none() {
    return new Agents() {
      @Override
      public List<Quiescer> quiescers() {
        return List.of();
      }

      @Override
      public AuditTrail audit() {
        return AuditTrail.NONE;
      }

      @Override
      public AgentTokenView token(VmRef vm, Duration life, String by) {
        throw off();
      }

      @Override
      public List<AgentView> list() {
        return List.of();
      }

      @Override
      public AgentView revoke(String id, String by) {
        throw off();
      }

      @Override
      public Page<AuditView> records(long afterId, int limit) {
        return new Page<>(List.of(), null);
      }

      @Override
      public void close() {}
    };
  }

  /** The error of a node that awaits no agents. */
  static DvxException off() {
    return DvxException.of(Kind.UNSUPPORTED, "This node awaits no guest agents")
        .cause("agents.listen is not set")
        .remedy("Set it to an address that guests reach, and restart the node")
        .build();
  }
}
