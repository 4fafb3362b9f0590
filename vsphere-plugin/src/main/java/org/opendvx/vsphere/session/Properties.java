package org.opendvx.vsphere.session;

import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.MissingProperty;
import com.vmware.vim25.ObjectContent;
import com.vmware.vim25.ObjectSpec;
import com.vmware.vim25.PropertyFilterSpec;
import com.vmware.vim25.PropertySpec;
import com.vmware.vim25.RetrieveOptions;
import com.vmware.vim25.RetrieveResult;
import com.vmware.vim25.SelectionSpec;
import com.vmware.vim25.ServiceContent;
import com.vmware.vim25.TraversalSpec;
import com.vmware.vim25.VimPortType;
import java.rmi.RemoteException;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.vsphere.soap.SoapFault;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads properties of many objects in few calls, page by page. */
public final class Properties {
  private static final Logger LOG = LoggerFactory.getLogger(Properties.class);
  private static final int PAGE = 500;
  private static final int MOST_OBJECTS = 200_000;

  private final VimSession session;

  /** Reads over this session. */
  public Properties(VimSession session) {
    this.session = session;
  }

  /**
   * All objects of a type that the account may see.
   *
   * @param doing what failed if it fails
   */
  public List<PropertyRow> all(String doing, String type, String... paths) {
    return session.read(
        doing,
        (port, content) -> {
          ManagedObjectReference view =
              port.createContainerView(
                  content.getViewManager(), content.getRootFolder(), new String[] {type}, true);
          try {
            List<PropertyRow> rows = pages(port, content, inView(view, type, paths));
            if (rows.isEmpty() || rows.stream().anyMatch(row -> row.values().isEmpty())) {
              session.requireAlive();
            }
            return rows;
          } finally {
            destroy(port, view);
          }
        });
  }

  /** One object; NOT_FOUND when vCenter does not have it. */
  public PropertyRow one(String doing, ManagedObjectReference object, String... paths) {
    PropertySpec property = property(object.getType(), paths);
    ObjectSpec start = new ObjectSpec();
    start.setObj(object);
    return session.read(
        doing,
        (port, content) -> {
          List<PropertyRow> rows = pages(port, content, filter(start, property));
          if (rows.isEmpty() || rows.getFirst().values().isEmpty()) {
            session.requireAlive();
          }
          if (rows.isEmpty()) {
            throw DvxException.of(Kind.NOT_FOUND, doing)
                .cause("vCenter does not have " + object.getType() + " " + object.getVal())
                .build();
          }
          return rows.getFirst();
        });
  }

  /** A filter over the objects of a container view. */
  public static PropertyFilterSpec inView(
      ManagedObjectReference view, String type, String... paths) {
    TraversalSpec members = new TraversalSpec();
    members.setName("members");
    members.setType("ContainerView");
    members.setPath("view");
    members.setSkip(false);
    ObjectSpec start = new ObjectSpec();
    start.setObj(view);
    start.setSkip(true);
    start.setSelectSet(new SelectionSpec[] {members});
    return filter(start, property(type, paths));
  }

  /** A filter over one object. */
  public static PropertyFilterSpec of(ManagedObjectReference object, String... paths) {
    ObjectSpec start = new ObjectSpec();
    start.setObj(object);
    return filter(start, property(object.getType(), paths));
  }

  private static PropertySpec property(String type, String... paths) {
    PropertySpec property = new PropertySpec();
    property.setType(type);
    property.setAll(false);
    property.setPathSet(paths);
    return property;
  }

  private static PropertyFilterSpec filter(ObjectSpec start, PropertySpec property) {
    PropertyFilterSpec filter = new PropertyFilterSpec();
    filter.setObjectSet(new ObjectSpec[] {start});
    filter.setPropSet(new PropertySpec[] {property});
    return filter;
  }

  private static List<PropertyRow> pages(
      VimPortType port, ServiceContent content, PropertyFilterSpec filter) throws RemoteException {
    RetrieveOptions options = new RetrieveOptions();
    options.setMaxObjects(PAGE);
    ManagedObjectReference collector = content.getPropertyCollector();
    List<PropertyRow> rows = new ArrayList<>();
    RetrieveResult page =
        port.retrievePropertiesEx(collector, new PropertyFilterSpec[] {filter}, options);
    while (page != null) {
      if (page.getObjects() != null) {
        for (ObjectContent each : page.getObjects()) {
          refuseLostSession(each);
          rows.add(PropertyRow.of(each));
        }
      }
      if (rows.size() > MOST_OBJECTS) {
        throw new RemoteException("vCenter returned more than " + MOST_OBJECTS + " objects");
      }
      String token = page.getToken();
      page =
          token == null || token.isEmpty()
              ? null
              : port.continueRetrievePropertiesEx(collector, token);
    }
    return rows;
  }

  /** A lost session shows as properties that are missing "because" nobody is logged in. */
  private static void refuseLostSession(ObjectContent content) throws SoapFault {
    if (content.getMissingSet() == null) {
      return;
    }
    for (MissingProperty each : content.getMissingSet()) {
      if (Faults.typeOf(each.getFault()).equals("NotAuthenticated")) {
        throw new SoapFault("NotAuthenticated", "properties are withheld", null);
      }
    }
  }

  private static void destroy(VimPortType port, ManagedObjectReference view) {
    try {
      port.destroyView(view);
    } catch (RemoteException e) {
      // It goes with the session at the latest.
      LOG.debug("destroying a view: {}", Faults.reason(e));
    }
  }
}
