package org.opendvx.vsphere.session;

import com.vmware.vim25.DynamicProperty;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.ObjectContent;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Some properties of one managed object. What vCenter does not have, or does not let us see, is
 * absent.
 */
public record PropertyRow(ManagedObjectReference object, Map<String, Object> values) {

  /** Copies the values. */
  public PropertyRow {
    values = Map.copyOf(values);
  }

  static PropertyRow of(ObjectContent content) {
    Map<String, Object> values = new HashMap<>();
    DynamicProperty[] found = content.getPropSet();
    if (found != null) {
      for (DynamicProperty each : found) {
        if (each.getVal() != null) {
          values.put(each.getName(), each.getVal());
        }
      }
    }
    return new PropertyRow(content.getObj(), values);
  }

  /** The id that vCenter knows the object by. */
  public String id() {
    return object.getVal();
  }

  /** A property, if it is there and of this type. */
  public <T> Optional<T> get(String path, Class<T> type) {
    Object value = values.get(path);
    return type.isInstance(value) ? Optional.of(type.cast(value)) : Optional.empty();
  }

  /** A property as text, empty when it is not there. */
  public String text(String path) {
    return get(path, Object.class).map(Object::toString).orElse("");
  }

  /** The id of the object that a property refers to, empty when it is not there. */
  public String reference(String path) {
    return get(path, ManagedObjectReference.class).map(ManagedObjectReference::getVal).orElse("");
  }

  /** The objects that a property refers to. */
  public ManagedObjectReference[] references(String path) {
    return get(path, ManagedObjectReference[].class).orElseGet(() -> new ManagedObjectReference[0]);
  }
}
