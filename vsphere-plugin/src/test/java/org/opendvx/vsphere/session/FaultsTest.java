package org.opendvx.vsphere.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.rmi.RemoteException;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.vsphere.soap.SoapFault;

class FaultsTest {
  private static String remedy(RemoteException e) {
    return Faults.of("it cannot be done", e).report().remedy();
  }

  @Test
  void aHostThatCannotMountIsNotTakenForAVCenterThatDoesNotAnswer() {
    String remedy = remedy(new SoapFault("PlatformConfigFault", "Mount failed", null));
    assertTrue(remedy.contains("NFS"), remedy);
    assertFalse(remedy.contains("vCenter answers"), remedy);
  }

  @Test
  void onlySilenceIsTakenForAVCenterThatDoesNotAnswer() {
    assertTrue(remedy(new RemoteException("refused")).contains("vCenter answers"));
    String remedy = remedy(new SoapFault("NewerThanTheModel", "words", null));
    assertFalse(remedy.contains("vCenter answers"), remedy);
  }

  @Test
  void anExpiredPasswordIsAMatterOfTheAccount() {
    assertEquals(Kind.UNAUTHENTICATED, Faults.kind(new SoapFault("PasswordExpired", "", null)));
  }

  @Test
  void keepsTheNameOfAFaultThatTheModelLacks() {
    DvxException e = Faults.of("it cannot be done", new SoapFault("FromTheFuture", "", null));
    assertEquals("FromTheFuture", e.report().cause());
    assertEquals(Kind.UNAVAILABLE, e.kind());
  }
}
