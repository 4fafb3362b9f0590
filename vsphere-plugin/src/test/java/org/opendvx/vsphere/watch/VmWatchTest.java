package org.opendvx.vsphere.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.ObjectUpdate;
import com.vmware.vim25.ObjectUpdateKind;
import com.vmware.vim25.PropertyChange;
import com.vmware.vim25.PropertyFilterUpdate;
import com.vmware.vim25.ServiceContent;
import com.vmware.vim25.UpdateSet;
import com.vmware.vim25.VimPortType;
import java.rmi.RemoteException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.vsphere.session.VimSession;
import org.opendvx.vsphere.soap.SoapFault;

/** The watch over a scripted vCenter: what no simulator at hand does. */
@Timeout(60)
class VmWatchTest {
  private final VimPortType port = mock(VimPortType.class);
  private final VimSession session = mock(VimSession.class);
  private final LinkedBlockingQueue<VmMobility> told = new LinkedBlockingQueue<>();

  @BeforeEach
  void passCallsOn() throws RemoteException {
    when(session.read(any(), any()))
        .thenAnswer(
            asked -> asked.<VimSession.Call<?>>getArgument(1).on(port, new ServiceContent()));
    when(session.patient(any())).thenReturn(port);
    when(port.createPropertyCollector(any())).thenReturn(reference("PropertyCollector", "pc"));
    when(port.createContainerView(any(), any(), any(), anyBoolean()))
        .thenReturn(reference("ContainerView", "view"));
    when(port.createFilter(any(), any(), anyBoolean()))
        .thenReturn(reference("PropertyFilter", "filter"));
    // This vCenter refuses to show events.
    when(port.createCollectorForEvents(any(), any()))
        .thenThrow(new SoapFault("InvalidState", "Too many event collectors", null));
  }

  private static ManagedObjectReference reference(String type, String id) {
    ManagedObjectReference reference = new ManagedObjectReference();
    reference.setType(type);
    reference.setVal(id);
    return reference;
  }

  private static ObjectUpdate machine(String id, @Nullable Object... namesAndValues) {
    ObjectUpdate update = new ObjectUpdate();
    update.setObj(reference("VirtualMachine", id));
    update.setKind(ObjectUpdateKind.enter);
    List<PropertyChange> changes = new ArrayList<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      PropertyChange change = new PropertyChange();
      change.setName(String.valueOf(namesAndValues[i]));
      change.setVal(namesAndValues[i + 1]);
      changes.add(change);
    }
    update.setChangeSet(changes.toArray(PropertyChange[]::new));
    return update;
  }

  private static ObjectUpdate running(String id) {
    return machine(
        id,
        "name",
        id,
        "runtime.host",
        reference("HostSystem", "h1"),
        "runtime.powerState",
        "poweredOn");
  }

  private static UpdateSet updates(boolean truncated, ObjectUpdate... objects) {
    PropertyFilterUpdate filter = new PropertyFilterUpdate();
    filter.setObjectSet(objects);
    UpdateSet set = new UpdateSet();
    set.setVersion(truncated ? "P" : "-");
    set.setTruncated(truncated);
    set.setFilterSet(new PropertyFilterUpdate[] {filter});
    return set;
  }

  /** Answers one after the other; then it waits, as vCenter does when nothing happens. */
  private void script(Object... answers) throws RemoteException {
    AtomicInteger next = new AtomicInteger();
    when(port.waitForUpdatesEx(any(), any(), any()))
        .thenAnswer(
            _ -> {
              int at = next.getAndIncrement();
              if (at >= answers.length) {
                Thread.sleep(1000);
                return null;
              }
              if (answers[at] instanceof Exception e) {
                throw e;
              }
              return answers[at];
            });
  }

  @Test
  void aStateThatComesInPartsIsOneStateAlsoAfterAGap() throws Exception {
    ObjectUpdate off = machine("vm-2", "runtime.powerState", "poweredOff");
    off.setKind(ObjectUpdateKind.modify);
    script(
        updates(true, running("vm-1")),
        updates(true),
        updates(false, running("vm-2")),
        new RemoteException("the connection is gone"),
        updates(true, running("vm-1")),
        updates(false, running("vm-2")),
        updates(false, off));
    try (VmWatch watch = new VmWatch("vc", session, told::add)) {
      assertTrue(watch.awaitSynced(Duration.ofSeconds(20)));
      VmMobility event = told.poll(20, TimeUnit.SECONDS);
      assertEquals("vm-2", event instanceof VmMobility.PoweredOff e ? e.vm().id() : event);
      assertEquals(0, told.size());
    }
  }

  @Test
  void valuesThatTheModelLacksAreNoNewsAndNoError() throws Exception {
    ObjectUpdate odd =
        machine("vm-1", "name", null, "runtime.powerState", "hibernating", "runtime.host", "text");
    ObjectUpdate empty = machine("vm-1");
    empty.setChangeSet(null);
    UpdateSet nothing = new UpdateSet();
    ObjectUpdate off = machine("vm-1", "runtime.powerState", "poweredOff");
    script(
        updates(false, running("vm-1")), updates(false, odd, empty), nothing, updates(false, off));
    try (VmWatch watch = new VmWatch("vc", session, told::add)) {
      assertTrue(watch.awaitSynced(Duration.ofSeconds(20)));
      VmMobility event = told.poll(20, TimeUnit.SECONDS);
      assertTrue(event instanceof VmMobility.PoweredOff e && e.host().equals("h1"), "" + event);
    }
  }

  @Test
  void aVCenterThatDoesNotWaitIsNotAskedWithoutPause() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    when(port.waitForUpdatesEx(any(), any(), any()))
        .thenAnswer(_ -> asked.getAndIncrement() == 0 ? updates(false, running("vm-1")) : null);
    try (VmWatch watch = new VmWatch("vc", session, told::add)) {
      assertTrue(watch.awaitSynced(Duration.ofSeconds(20)));
      Thread.sleep(1000);
    }
    assertTrue(asked.get() < 20, "asked " + asked.get() + " times");
  }

  /** vCenter would lock the account. */
  @Test
  void aRefusedLoginIsNotRepeatedSoon() throws Exception {
    AtomicInteger logins = new AtomicInteger();
    doAnswer(
            _ -> {
              logins.incrementAndGet();
              throw DvxException.of(Kind.UNAUTHENTICATED, "vCenter refuses the login").build();
            })
        .when(session)
        .read(any(), any());
    try (VmWatch watch = new VmWatch("vc", session, told::add)) {
      assertFalse(watch.awaitSynced(Duration.ofSeconds(3)));
    }
    assertEquals(1, logins.get());
  }

  @Test
  void givesBackTheRestWhenOneCallFails() throws Exception {
    script(updates(false, running("vm-1")));
    doThrow(new SoapFault("ManagedObjectNotFound", "gone", null))
        .when(port)
        .destroyPropertyFilter(any());
    try (VmWatch watch = new VmWatch("vc", session, told::add)) {
      assertTrue(watch.awaitSynced(Duration.ofSeconds(20)));
    }
    verify(port).destroyPropertyCollector(any());
    verify(port).destroyView(any());
    assertEquals(List.of(), Arrays.asList(told.toArray()));
  }
}
