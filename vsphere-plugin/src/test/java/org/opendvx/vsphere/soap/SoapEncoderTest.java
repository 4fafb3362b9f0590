package org.opendvx.vsphere.soap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.vmware.vim25.HostNasVolumeSpec;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.ObjectSpec;
import com.vmware.vim25.PropertyFilterSpec;
import com.vmware.vim25.SelectionSpec;
import com.vmware.vim25.TraversalSpec;
import com.vmware.vim25.ws.Argument;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;

class SoapEncoderTest {
  private final SoapEncoder encoder = new SoapEncoder();

  private String body(Argument... arguments) {
    String all = encoder.encode("Do", arguments, "urn:vim25");
    int start = all.indexOf("<Do xmlns=\"urn:vim25\">") + "<Do xmlns=\"urn:vim25\">".length();
    return all.substring(start, all.indexOf("</Do>"));
  }

  @Test
  void escapesText() {
    assertEquals(
        "<p>&lt;/p&gt;&amp;&quot;&apos;&#10;ü</p>",
        body(new Argument("p", "String", "</p>&\"'\nü")));
    assertThrows(DvxException.class, () -> body(new Argument("p", "String", "\u0000")));
  }

  @Test
  void writesReferencesArraysAndNamesSubtypes() {
    ManagedObjectReference view = new ManagedObjectReference();
    view.setType("Container\"View");
    view.setVal("v<1>");
    TraversalSpec traversal = new TraversalSpec();
    traversal.setPath("view");
    ObjectSpec object = new ObjectSpec();
    object.setObj(view);
    object.setSelectSet(new SelectionSpec[] {traversal});
    PropertyFilterSpec filter = new PropertyFilterSpec();
    filter.setObjectSet(new ObjectSpec[] {object});
    assertEquals(
        "<f><objectSet><obj type=\"Container&quot;View\">v&lt;1&gt;</obj>"
            + "<selectSet xsi:type=\"TraversalSpec\"><path>view</path></selectSet></objectSet></f>",
        body(new Argument("f", "PropertyFilterSpec[]", new PropertyFilterSpec[] {filter})));
  }

  @Test
  void writesFieldsInTheOrderOfTheSchema() {
    HostNasVolumeSpec spec = new HostNasVolumeSpec();
    spec.setType("NFS");
    spec.setAccessMode("readWrite");
    spec.setLocalPath("dvx");
    spec.setRemotePath("/dvx");
    spec.setRemoteHost("h");
    String text = body(new Argument("spec", "HostNasVolumeSpec", spec));
    assertEquals(
        "<spec><remoteHost>h</remoteHost><remotePath>/dvx</remotePath><localPath>dvx</localPath>"
            + "<accessMode>readWrite</accessMode><type>NFS</type></spec>",
        text);
    assertTrue(body(new Argument("x", "Object", "text")).contains("xsi:type=\"xsd:string\""));
  }
}
