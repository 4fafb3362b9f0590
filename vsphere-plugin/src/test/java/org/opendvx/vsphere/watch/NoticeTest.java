package org.opendvx.vsphere.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.vmware.vim25.Event;
import com.vmware.vim25.UpdateSet;
import java.nio.charset.StandardCharsets;
import java.rmi.RemoteException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.opendvx.vsphere.soap.SoapDecoder;

/** Pages of events as they come over the wire. */
class NoticeTest {
  private static final String VM = "<vm><name>web</name><vm type=\"VirtualMachine\">vm-1</vm></vm>";

  private static Event[] page(String... events) throws RemoteException {
    String answer =
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\""
            + " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""
            + " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>"
            + "<WaitForUpdatesExResponse xmlns=\"urn:vim25\"><returnval><version>1</version><filterSet>"
            + "<filter type=\"PropertyFilter\">f</filter><objectSet><kind>modify</kind>"
            + "<obj type=\"EventHistoryCollector\">c</obj><changeSet><name>latestPage</name>"
            + "<op>assign</op><val xsi:type=\"ArrayOfEvent\">"
            + String.join("", events)
            + "</val></changeSet></objectSet></filterSet></returnval></WaitForUpdatesExResponse>"
            + "</soapenv:Body></soapenv:Envelope>";
    Object decoded = new SoapDecoder().decode("UpdateSet", answer.getBytes(StandardCharsets.UTF_8));
    assertNotNull(decoded);
    return (Event[])
        ((UpdateSet) decoded).getFilterSet()[0].getObjectSet()[0].getChangeSet()[0].getVal();
  }

  private static String event(String type, int key, String inside) {
    return "<Event xsi:type=\""
        + type
        + "\"><key>"
        + key
        + "</key><createdTime>2025-05-06T07:08:09.123456789Z</createdTime>"
        + inside
        + "</Event>";
  }

  private static String host(String element, String id) {
    return "<"
        + element
        + "><name>x</name><host type=\"HostSystem\">"
        + id
        + "</host></"
        + element
        + ">";
  }

  @Test
  void eventsOfTypesThatTheModelLacksStillCount() throws RemoteException {
    Event[] events =
        page(
            event("VmTeleportedEvent", 7, VM + "<fluxCapacitor><a>1</a></fluxCapacitor>"),
            event("VmMigratedEvent", 8, host("host", "h2") + VM + host("sourceHost", "h1")),
            event("", 9, VM));
    assertEquals(List.of(7, 8, 9), Arrays.stream(events).map(Event::getKey).toList());
    assertTrue(Notice.of(events[0]).isEmpty());
    Notice moved = Notice.of(events[1]).orElseThrow();
    assertEquals(
        List.of(Notice.Kind.MOVED, "vm-1", "h1", "h2"),
        List.of(moved.kind(), moved.machine(), moved.source(), moved.target()));
  }

  @Test
  void theEventOfTheNewestSimulatorNamesNoTarget() throws RemoteException {
    Event[] events =
        page(event("VmMigratedEvent", 1, host("host", "h1") + VM + host("sourceHost", "h1")));
    assertEquals("", Notice.of(events[0]).orElseThrow().target());
  }

  /** vSphere 5.0 and later tell of a restart by an EventEx and not by an event type of its own. */
  @Test
  void aRestartByHaIsAnEventEx() throws RemoteException {
    Event[] events =
        page(
            event(
                "EventEx",
                3,
                host("host", "h2")
                    + VM
                    + "<eventTypeId>com.vmware.vc.ha.VmRestartedByHAEvent</eventTypeId>"
                    + "<severity>warning</severity><objectId>vm-1</objectId>"),
            event("EventEx", 4, VM + "<eventTypeId>com.vmware.vc.other</eventTypeId>"),
            event(
                "EventEx", 5, "<eventTypeId>com.vmware.vc.ha.VmRestartedByHAEvent</eventTypeId>"));
    Notice restarted = Notice.of(events[0]).orElseThrow();
    assertEquals(
        List.of(Notice.Kind.RESTARTED, "vm-1", "", "h2"),
        List.of(restarted.kind(), restarted.machine(), restarted.source(), restarted.target()));
    assertTrue(Notice.of(events[1]).isEmpty());
    assertTrue(Notice.of(events[2]).isEmpty(), "it names no machine");
    assertTrue(Notice.EVENT_TYPES.contains("com.vmware.vc.ha.VmRestartedByHAEvent"));
  }

  /** The default of vSphere 6.5 and later, with the target's name among the arguments. */
  @Test
  void anEncryptedMigrationIsAnnouncedByAnEventEx() throws RemoteException {
    String type = "<eventTypeId>com.vmware.vc.vm.VmHotMigratingWithEncryptionEvent</eventTypeId>";
    String arguments =
        "<arguments><key>destHost</key><value xsi:type=\"xsd:string\">esx2.example</value></arguments>"
            + "<arguments><key>destDatastore</key><value xsi:type=\"xsd:string\">dvx</value></arguments>"
            + "<arguments><key>later</key><value xsi:type=\"Unheard\"><of/></value></arguments>";
    Event[] events =
        page(
            event(
                "EventEx",
                3,
                host("host", "h1") + VM + type + "<severity>info</severity>" + arguments),
            event("EventEx", 4, host("host", "h1") + VM + type));
    Notice announced = Notice.of(events[0]).orElseThrow();
    assertEquals(
        List.of(Notice.Kind.ABOUT_TO_MOVE, "vm-1", "h1", "esx2.example"),
        List.of(announced.kind(), announced.machine(), announced.source(), announced.target()));
    assertTrue(Notice.of(events[1]).isEmpty());
  }
}
