package org.opendvx.server.config;

import java.util.List;

/** This node as one of several hosts that show the same datastore: {@code dvx host}. */
public record HostSection(
    @Setting(value = "127.0.0.1", says = "Address to listen on for the other hosts.") String listen,
    @Setting(value = "7341", says = "Port for the other hosts. `0`: any free one.") int port,
    @Setting(
            says =
                "Address under which the other hosts reach this one. Empty: that of `host.listen`.")
        String address,
    @Setting(
            says =
                "Names under which vCenter or an oVirt engine knows the hypervisor host beside this"
                    + " one: files of machines that move there follow them here. Empty: files move"
                    + " by use alone.")
        List<String> hypervisors,
    @Setting(
            value = "auto",
            says =
                "Whether this host, once others declared it dead, refuses changes of files until a"
                    + " manager says that their machine runs beside it, or `dvx host confirm` does."
                    + " `auto`: if `host.hypervisors` names any; `on`: needs such names; `off`: late"
                    + " writes of a machine that was restarted elsewhere are carried out.")
        Confirmation confirmMachines) {
  private static final int MOST_NAMES = 64;

  /** Whether where machines run must be confirmed after a host was declared dead. */
  public enum Confirmation {
    AUTO,
    ON,
    OFF
  }

  /** Checks the addresses and the names. */
  public HostSection {
    BadSettingException.unless(port >= 0 && port <= 65535, "port", "it is 0 to 65535");
    BadSettingException.unless(
        !address.isEmpty() || !(listen.equals("0.0.0.0") || listen.equals("::")),
        "address",
        "it must be given when the host listens on all addresses");
    BadSettingException.unless(
        hypervisors.size() <= MOST_NAMES && hypervisors.stream().noneMatch(String::isBlank),
        "hypervisors",
        "they are at most " + MOST_NAMES + ", none of them empty");
    BadSettingException.unless(
        confirmMachines != Confirmation.ON || !hypervisors.isEmpty(),
        "confirm-machines",
        "it needs host.hypervisors: nobody else tells where machines run");
  }

  /** Whether changes wait for the confirmation of machines after this host was declared dead. */
  public boolean confirms() {
    return confirmMachines == Confirmation.ON
        || (confirmMachines == Confirmation.AUTO && !hypervisors.isEmpty());
  }

  /** Where the other hosts reach this one. */
  public String reachable() {
    return address.isEmpty() ? listen : address;
  }
}
