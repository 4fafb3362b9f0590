package org.opendvx.vsphere.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import com.vmware.vim25.DynamicProperty;
import com.vmware.vim25.LocalizedMethodFault;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.MissingProperty;
import com.vmware.vim25.NotAuthenticated;
import com.vmware.vim25.ObjectContent;
import com.vmware.vim25.RetrieveResult;
import com.vmware.vim25.ServiceContent;
import com.vmware.vim25.VimPortType;
import java.rmi.RemoteException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.vsphere.soap.SoapFault;

class PropertiesTest {
  private final VimPortType port = mock(VimPortType.class);
  private final VimSession session = mock(VimSession.class);
  private final ManagedObjectReference view = new ManagedObjectReference();

  @BeforeEach
  void passCallsOn() throws RemoteException {
    when(session.read(any(), any()))
        .thenAnswer(
            asked -> asked.<VimSession.Call<?>>getArgument(1).on(port, new ServiceContent()));
    when(port.createContainerView(any(), any(), any(), anyBoolean())).thenReturn(view);
  }

  private static ObjectContent object(String id, @Nullable String name) {
    ManagedObjectReference reference = new ManagedObjectReference();
    reference.setType("VirtualMachine");
    reference.setVal(id);
    ObjectContent content = new ObjectContent();
    content.setObj(reference);
    if (name != null) {
      DynamicProperty property = new DynamicProperty();
      property.setName("name");
      property.setVal(name);
      content.setPropSet(new DynamicProperty[] {property});
    }
    return content;
  }

  private static RetrieveResult page(@Nullable String token, ObjectContent... objects) {
    RetrieveResult page = new RetrieveResult();
    page.setToken(token);
    page.setObjects(objects);
    return page;
  }

  @Test
  void readsPageAfterPageAndGivesTheViewBack() throws RemoteException {
    when(port.retrievePropertiesEx(any(), any(), any())).thenReturn(page("1", object("vm-1", "a")));
    when(port.continueRetrievePropertiesEx(any(), eq("1")))
        .thenReturn(page("2", object("vm-2", "b")));
    when(port.continueRetrievePropertiesEx(any(), eq("2")))
        .thenReturn(page(null, object("vm-3", "c")));
    List<PropertyRow> rows = new Properties(session).all("list", "VirtualMachine", "name");
    assertEquals(List.of("a", "b", "c"), rows.stream().map(each -> each.text("name")).toList());
    verify(port).destroyView(view);
    verify(session, never()).requireAlive();
  }

  @Test
  void takesWithheldPropertiesForALostSession() throws RemoteException {
    MissingProperty missing = new MissingProperty();
    LocalizedMethodFault fault = new LocalizedMethodFault();
    fault.setFault(new NotAuthenticated());
    missing.setFault(fault);
    ObjectContent withheld = object("vm-1", null);
    withheld.setMissingSet(new MissingProperty[] {missing});
    when(port.retrievePropertiesEx(any(), any(), any())).thenReturn(page(null, withheld));
    SoapFault e =
        assertThrows(
            SoapFault.class, () -> new Properties(session).all("list", "VirtualMachine", "name"));
    assertEquals("NotAuthenticated", e.type());
  }

  @Test
  void doubtsAnEmptyAnswer() throws RemoteException {
    when(port.retrievePropertiesEx(any(), any(), any())).thenReturn(null);
    assertEquals(List.of(), new Properties(session).all("list", "VirtualMachine", "name"));
    verify(session).requireAlive();
  }
}
