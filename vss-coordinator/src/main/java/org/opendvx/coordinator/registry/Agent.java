package org.opendvx.coordinator.registry;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An agent and the machine that it is bound to.
 *
 * @param vm {@code hypervisor/id}
 * @param biosUuid as the guest read it when it enrolled
 * @param serial of the certificate in use, hex
 * @param nextSerial of a certificate that was issued and not used yet, empty when there is none
 * @param notAfter end of the newest certificate
 * @param bootId of the boot in which it was last seen
 * @param booted when that boot was first seen
 * @param goodbye when its guest said that it shuts down to go off, and has not been seen since;
 *     {@code EPOCH} when it did not
 */
public record Agent(
    UUID id,
    String vm,
    State state,
    String platform,
    String hostName,
    String biosUuid,
    String serial,
    String nextSerial,
    Instant notAfter,
    Instant enrolled,
    String bootId,
    Instant booted,
    Instant goodbye) {

  /** One from a list that an older version wrote knows of no goodbye. */
  public Agent(
      UUID id,
      String vm,
      State state,
      String platform,
      String hostName,
      String biosUuid,
      String serial,
      String nextSerial,
      Instant notAfter,
      Instant enrolled,
      String bootId,
      Instant booted,
      @Nullable Instant goodbye) {
    this.id = id;
    this.vm = vm;
    this.state = state;
    this.platform = platform;
    this.hostName = hostName;
    this.biosUuid = biosUuid;
    this.serial = serial;
    this.nextSerial = nextSerial;
    this.notAfter = notAfter;
    this.enrolled = enrolled;
    this.bootId = bootId;
    this.booted = booted;
    this.goodbye = goodbye == null ? Instant.EPOCH : goodbye;
  }

  /** Whether its certificates count. */
  public enum State {
    ACTIVE,
    /** Taken back by an administrator. */
    REVOKED,
    /** Another agent was enrolled for the same machine. */
    REPLACED
  }

  Agent with(State other) {
    return new Agent(
        id,
        vm,
        other,
        platform,
        hostName,
        biosUuid,
        serial,
        nextSerial,
        notAfter,
        enrolled,
        bootId,
        booted,
        goodbye);
  }

  Agent withSerials(String current, String next, Instant end) {
    return new Agent(
        id, vm, state, platform, hostName, biosUuid, current, next, end, enrolled, bootId, booted,
        goodbye);
  }

  Agent withBoot(String boot, Instant seen) {
    return new Agent(
        id,
        vm,
        state,
        platform,
        hostName,
        biosUuid,
        serial,
        nextSerial,
        notAfter,
        enrolled,
        boot,
        seen,
        goodbye);
  }

  Agent withGoodbye(Instant said) {
    return new Agent(
        id,
        vm,
        state,
        platform,
        hostName,
        biosUuid,
        serial,
        nextSerial,
        notAfter,
        enrolled,
        bootId,
        booted,
        said);
  }
}
