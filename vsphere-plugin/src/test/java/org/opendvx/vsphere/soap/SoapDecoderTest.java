package org.opendvx.vsphere.soap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.vmware.vim25.DuplicateName;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.ObjectContent;
import com.vmware.vim25.RetrieveResult;
import com.vmware.vim25.ServiceContent;
import com.vmware.vim25.TaskInfo;
import com.vmware.vim25.VirtualDisk;
import com.vmware.vim25.VirtualHardware;
import com.vmware.vim25.VirtualMachinePowerState;
import java.nio.charset.StandardCharsets;
import java.rmi.RemoteException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class SoapDecoderTest {
  private static final String HEAD =
      "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\""
          + " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""
          + " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>";
  private static final String TAIL = "</soapenv:Body></soapenv:Envelope>";

  private final SoapDecoder decoder = new SoapDecoder();

  private Object decode(String type, String body) throws RemoteException {
    Object value = decoder.decode(type, (HEAD + body + TAIL).getBytes(StandardCharsets.UTF_8));
    assertNotNull(value);
    return value;
  }

  private static String returned(String value) {
    return "<XResponse xmlns=\"urn:vim25\">" + value + "</XResponse>";
  }

  private static <T> T property(Object result, Class<T> type) {
    ObjectContent content = ((RetrieveResult) result).getObjects()[0];
    return assertInstanceOf(type, content.getPropSet()[0].getVal());
  }

  private static String propertyOf(String value) {
    return returned(
        "<returnval><objects><obj type=\"VirtualMachine\">vm-1</obj><propSet><name>p</name>"
            + value
            + "</propSet></objects></returnval>");
  }

  @Test
  void skipsFieldsTypesAndConstantsThatTheModelLacks() throws RemoteException {
    ServiceContent content =
        (ServiceContent)
            decode(
                "ServiceContent",
                returned(
                    "<returnval><rootFolder type=\"Folder\">group-d1</rootFolder>"
                        + "<vStorageObjectManager type=\"V\"><a><b>deep</b></a></vStorageObjectManager>"
                        + "<about><name>vc</name><patchLevel>9</patchLevel></about></returnval>"));
    assertEquals("group-d1", content.getRootFolder().getVal());
    assertEquals("vc", content.getAbout().getName());
    TaskInfo task =
        (TaskInfo)
            decode(
                "TaskInfo", returned("<returnval><state>newState</state><key>k</key></returnval>"));
    assertNull(task.getState());
    assertEquals("k", task.getKey());
  }

  @Test
  void readsAnUnknownTypeAsTheDeclaredOne() throws RemoteException {
    VirtualHardware hardware =
        property(
            decode(
                "RetrieveResult",
                propertyOf(
                    "<val xsi:type=\"VirtualHardware\"><numCPU>2</numCPU>"
                        + "<device xsi:type=\"VirtualDisk\"><key>2000</key><capacityInKB>8</capacityInKB></device>"
                        + "<device xsi:type=\"VirtualQuantumThing\"><key>7</key><spin>up</spin></device>"
                        + "<device xsi:type=\"AboutInfo\"><key>8</key></device></val>")),
            VirtualHardware.class);
    assertEquals(3, hardware.getDevice().length);
    assertEquals(8, ((VirtualDisk) hardware.getDevice()[0]).getCapacityInKB());
    assertEquals(7, hardware.getDevice()[1].getKey());
    assertEquals(8, hardware.getDevice()[2].getKey());
  }

  @Test
  void readsArraysReferencesAndBasicValues() throws RemoteException {
    ManagedObjectReference[] many =
        property(
            decode(
                "RetrieveResult",
                propertyOf(
                    "<val xsi:type=\"ArrayOfManagedObjectReference\">"
                        + "<ManagedObjectReference type=\"Datastore\" xsi:type=\"ManagedObjectReference\">ds-1</ManagedObjectReference>"
                        + "<ManagedObjectReference xsi:type=\"ManagedObjectReference\" type=\"Datastore\">ds-2</ManagedObjectReference></val>")),
            ManagedObjectReference[].class);
    assertEquals("Datastore", many[0].getType());
    assertEquals("Datastore", many[1].getType());
    assertEquals("ds-2", many[1].getVal());
    assertArrayEquals(
        new String[] {"a", "<b>"},
        property(
            decode(
                "RetrieveResult",
                propertyOf(
                    "<val xsi:type=\"ArrayOfString\"><string>a</string><string><![CDATA[<b>]]></string></val>")),
            String[].class));
    assertEquals(
        VirtualMachinePowerState.poweredOn,
        property(
            decode(
                "RetrieveResult",
                propertyOf("<val xsi:type=\"VirtualMachinePowerState\">poweredOn</val>")),
            VirtualMachinePowerState.class));
    assertEquals(7, decode("int", returned("<returnval>7</returnval>")));
    assertNull(decoder.decode(null, (HEAD + returned("") + TAIL).getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void keepsFaultsKnownAndUnknown() {
    SoapFault known =
        assertThrows(
            SoapFault.class,
            () ->
                decode(
                    "string",
                    "<soapenv:Fault><faultcode>x</faultcode><faultstring>it is there</faultstring><detail>"
                        + "<DuplicateNameFault xmlns=\"urn:vim25\" xsi:type=\"DuplicateName\"><name>dvx</name>"
                        + "<object type=\"Datastore\">ds-1</object></DuplicateNameFault></detail></soapenv:Fault>"));
    assertTrue(known.is("DuplicateName"));
    assertEquals("dvx", assertInstanceOf(DuplicateName.class, known.fault()).getName());
    assertTrue(String.valueOf(known.getMessage()).contains("it is there"));
    SoapFault unknown =
        assertThrows(
            SoapFault.class,
            () ->
                decode(
                    "string",
                    "<soapenv:Fault><faultstring/><detail><FromTheFutureFault><x/></FromTheFutureFault></detail></soapenv:Fault>"));
    assertTrue(unknown.is("FromTheFuture"));
    assertNull(unknown.fault());
  }

  /** "An error occurred during host configuration" alone helps nobody. */
  @Test
  void tellsTheMessagesOfAFault() {
    SoapFault fault =
        assertThrows(
            SoapFault.class,
            () ->
                decode(
                    "string",
                    "<soapenv:Fault><faultstring>An error occurred during host configuration.</faultstring><detail>"
                        + "<PlatformConfigFaultFault xmlns=\"urn:vim25\" xsi:type=\"PlatformConfigFault\"><faultMessage>"
                        + "<key>com.vmware.esx.hostctl.default</key><arg><key>reason</key><value xsi:type=\"xsd:string\">x</value></arg>"
                        + "<message>Mount failed: Unable to connect to NFS server.</message></faultMessage><text>x</text>"
                        + "</PlatformConfigFaultFault></detail></soapenv:Fault>"));
    assertTrue(fault.is("PlatformConfigFault"));
    assertEquals(
        "An error occurred during host configuration."
            + " Mount failed: Unable to connect to NFS server.",
        fault.text());
  }

  @Test
  void refusesAnAnswerOfTooManyElements() {
    String many = "<a/>".repeat(4_000_001);
    assertThrows(
        NotSoapException.class,
        () -> decode("VirtualHardware", returned("<returnval>" + many + "</returnval>")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "not xml",
        "<html><body><h1>503 Service Unavailable</h1></body></html>",
        "<Envelope/>",
        "{\"json\":true}",
        "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"
      })
  void saysThatSomethingElseAnswered(String answer) {
    assertThrows(
        NotSoapException.class,
        () -> decoder.decode("string", answer.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void refusesDocumentTypesWithTheirEntities() {
    String bomb =
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>"
            + HEAD
            + returned("<returnval>&b;</returnval>")
            + TAIL;
    assertThrows(
        NotSoapException.class,
        () -> decoder.decode("string", bomb.getBytes(StandardCharsets.UTF_8)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<returnval>&undefined;</returnval>",
        "<returnval><numCPU>many</numCPU></returnval>",
        "<returnval><numCPU>99999999999</numCPU></returnval>",
        "<returnval><numCPU>"
      })
  void refusesBrokenValues(String body) {
    assertThrows(NotSoapException.class, () -> decode("VirtualHardware", returned(body)));
  }

  @Test
  void refusesToBeLedIntoTheDepths() {
    String deep = "<a>".repeat(100_000) + "</a>".repeat(100_000);
    assertThrows(
        NotSoapException.class,
        () -> decode("VirtualHardware", returned("<returnval>" + deep + "</returnval>")));
  }

  @Test
  void makesNoObjectOfAClassThatHoldsNoData() throws RemoteException {
    for (String type :
        new String[] {
          "VimPortType",
          "ws.WSClient",
          "mo.VirtualMachine",
          "../../java.lang.Runtime",
          "java.lang.String"
        }) {
      RetrieveResult result =
          (RetrieveResult)
              decode(
                  "RetrieveResult",
                  propertyOf("<val xsi:type=\"" + type + "\"><url>x</url></val>"));
      assertNull(result.getObjects()[0].getPropSet()[0].getVal(), type);
    }
  }

  @Test
  void survivesRandomDamage() {
    byte[] whole =
        (HEAD
                + propertyOf(
                    "<val xsi:type=\"VirtualHardware\"><numCPU>2</numCPU><device xsi:type=\"VirtualDisk\"><key>2000</key></device></val>")
                + TAIL)
            .getBytes(StandardCharsets.UTF_8);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] damaged = whole.clone();
      for (int n = random.nextInt(1, 6); n > 0; n--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      try {
        decoder.decode("RetrieveResult", damaged);
      } catch (NotSoapException | SoapFault _) {
        // What is no answer is said to be none.
      } catch (Exception e) {
        throw new AssertionError("seed " + seed + ", round " + i, e);
      }
    }
  }
}
