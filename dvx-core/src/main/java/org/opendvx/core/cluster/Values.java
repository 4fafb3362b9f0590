package org.opendvx.core.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.datastore.RequestTag;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;

/** Encoding of the values that operations and results share: docs/formats/peer-protocol.md. */
final class Values {
  private static final FileType[] TYPES = FileType.values();
  private static final int SERVER_TIME = 0;
  private static final int CLIENT_TIME = 1;

  private Values() {}

  static void putKey(Wire.Out out, FileKey key) {
    out.putLong(key.snapshot()).putLong(key.file());
  }

  static FileKey key(Wire.In in) {
    return new FileKey(in.getLong(), in.getLong());
  }

  static void putCaller(Wire.Out out, Caller caller) {
    out.putInt(caller.uid()).putInt(caller.gid()).putInt(caller.groups().length);
    for (int group : caller.groups()) {
      out.putInt(group);
    }
    out.putOptional(caller.request(), (o, tag) -> o.putLong(tag.high()).putLong(tag.low()));
  }

  static Caller caller(Wire.In in) {
    int uid = in.getInt();
    int gid = in.getInt();
    List<Integer> groups = in.getList(Wire.In::getInt);
    RequestTag tag = in.getOptional(i -> new RequestTag(i.getLong(), i.getLong()));
    return new Caller(uid, gid, groups.stream().mapToInt(Integer::intValue).toArray(), tag);
  }

  static FileType type(Wire.In in) {
    int code = in.get();
    for (FileType type : TYPES) {
      if (type.code() == code) {
        return type;
      }
    }
    throw new java.nio.BufferUnderflowException();
  }

  static void putAttributes(Wire.Out out, Attributes a) {
    out.putLong(a.file()).put(a.type().code()).putInt(a.mode()).putInt(a.links());
    out.putInt(a.uid()).putInt(a.gid()).putLong(a.size()).putLong(a.used()).putLong(a.device());
    out.putLong(a.accessed()).putLong(a.modified()).putLong(a.changed());
  }

  static Attributes attributes(Wire.In in) {
    return new Attributes(
        in.getLong(),
        type(in),
        in.getInt(),
        in.getInt(),
        in.getInt(),
        in.getInt(),
        in.getLong(),
        in.getLong(),
        in.getLong(),
        in.getLong(),
        in.getLong(),
        in.getLong());
  }

  static void putChanged(Wire.Out out, Changed changed) {
    putAttributes(out, changed.before());
    putAttributes(out, changed.after());
  }

  static Changed changed(Wire.In in) {
    return new Changed(attributes(in), attributes(in));
  }

  static void putChange(Wire.Out out, AttributeChange change) {
    out.putOptional(change.mode(), Wire.Out::putInt);
    out.putOptional(change.uid(), Wire.Out::putInt);
    out.putOptional(change.gid(), Wire.Out::putInt);
    out.putOptional(change.size(), Wire.Out::putLong);
    out.putOptional(change.accessed(), Values::putTime);
    out.putOptional(change.modified(), Values::putTime);
  }

  static AttributeChange change(Wire.In in) {
    return new AttributeChange(
        in.getOptional(Wire.In::getInt),
        in.getOptional(Wire.In::getInt),
        in.getOptional(Wire.In::getInt),
        in.getOptional(Wire.In::getLong),
        in.getOptional(Values::time),
        in.getOptional(Values::time));
  }

  private static void putTime(Wire.Out out, AttributeChange.Time time) {
    switch (time) {
      case AttributeChange.Time.Server() -> out.put(SERVER_TIME);
      case AttributeChange.Time.Client(long nanos) -> out.put(CLIENT_TIME).putLong(nanos);
    }
  }

  private static AttributeChange.Time time(Wire.In in) {
    return in.get() == SERVER_TIME
        ? new AttributeChange.Time.Server()
        : new AttributeChange.Time.Client(in.getLong());
  }

  static void putEntry(Wire.Out out, Entry entry) {
    out.putBytes(entry.name());
    putKey(out, entry.key());
    out.putLong(entry.cookie());
    putAttributes(out, entry.attributes());
  }

  static Entry entry(Wire.In in) {
    return new Entry(in.getBytes(), key(in), in.getLong(), attributes(in));
  }

  static void putLabels(Wire.Out out, Map<String, String> labels) {
    out.putList(
        new ArrayList<>(new TreeMap<>(labels).entrySet()),
        (o, label) -> o.putText(label.getKey()).putText(label.getValue()));
  }

  static void putQuery(Wire.Out out, SnapshotQuery query) {
    putLabels(out.putText(query.text()), query.labels());
    out.putList(query.anyOf(), (o, label) -> o.putText(label.key()).putText(label.value()))
        .putLong(query.sinceNanos())
        .putLong(query.untilNanos());
  }

  static SnapshotQuery query(Wire.In in) {
    return new SnapshotQuery(
        in.getText(),
        labels(in),
        in.getList(i -> new SnapshotQuery.Label(i.getText(), i.getText())),
        in.getLong(),
        in.getLong());
  }

  static Map<String, String> labels(Wire.In in) {
    Map<String, String> labels = new LinkedHashMap<>();
    in.getList(i -> labels.put(i.getText(), i.getText()) == null);
    return labels;
  }

  static void putSnapshot(Wire.Out out, SnapshotInfo info) {
    out.putLong(info.id()).putText(info.name()).putLong(info.createdNanos());
    putLabels(out, info.labels());
    out.putBytes(info.document()).putInt(info.files()).putLong(info.logicalBytes());
  }

  static SnapshotInfo snapshot(Wire.In in) {
    return new SnapshotInfo(
        in.getLong(),
        in.getText(),
        in.getLong(),
        labels(in),
        in.getBytes(),
        in.getInt(),
        in.getLong());
  }
}
