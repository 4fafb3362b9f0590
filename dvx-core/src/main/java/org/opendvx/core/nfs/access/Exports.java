package org.opendvx.core.nfs.access;

import java.net.InetAddress;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** All exports of a server. Immutable. */
public final class Exports {
  private final List<Export> all;
  private final Map<Integer, Export> byId = new HashMap<>();

  /** Refuses two exports of one path, or whose paths share an id. */
  public Exports(List<Export> exports) {
    this.all = exports.stream().sorted(Comparator.comparing(Export::path).reversed()).toList();
    for (Export each : all) {
      Export other = byId.put(each.id(), each);
      if (other != null) {
        throw DvxException.of(Kind.INVALID, "Two exports cannot be told apart")
            .cause("\"" + other.path() + "\" and \"" + each.path() + "\" have the same id")
            .remedy("Rename one of them")
            .build();
      }
    }
  }

  /** In descending order of path, so that inner ones come before outer ones. */
  public List<Export> all() {
    return all;
  }

  /** By {@link Export#id}; null when there is none. */
  public @Nullable Export byId(int id) {
    return byId.get(id);
  }

  /** The innermost export that a path is or lies below. */
  public Optional<Export> covering(String path) {
    return all.stream()
        .filter(
            export ->
                path.equals(export.path())
                    || export.path().equals("/")
                    || path.startsWith(export.path() + "/"))
        .findFirst();
  }

  /** Whether a client may use any of them. */
  public boolean allowsAny(ClientAddress client) {
    for (Export each : all) {
      if (each.allows(client)) {
        return true;
      }
    }
    return false;
  }

  /** Why a client would be refused a mount of a path; empty when it would not. */
  public Optional<String> whyRefused(String path, InetAddress client) {
    Optional<Export> export = covering(path);
    if (export.isEmpty()) {
      return Optional.of("there is no export \"" + path + "\"");
    }
    if (!export.get().allows(ClientAddress.of(client))) {
      return Optional.of(
          client.getHostAddress()
              + " is not among the clients of export \""
              + export.get().path()
              + "\" ("
              + String.join(", ", export.get().clients().stream().map(Object::toString).toList())
              + ")");
    }
    return Optional.empty();
  }
}
