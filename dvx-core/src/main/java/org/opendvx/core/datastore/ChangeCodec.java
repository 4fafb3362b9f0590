package org.opendvx.core.datastore;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opendvx.core.datastore.Change.BlocksMapped;
import org.opendvx.core.datastore.Change.BlocksShared;
import org.opendvx.core.datastore.Change.ContentShared;
import org.opendvx.core.datastore.Change.EntryPut;
import org.opendvx.core.datastore.Change.EntryRemove;
import org.opendvx.core.datastore.Change.InodeDrop;
import org.opendvx.core.datastore.Change.InodeGiven;
import org.opendvx.core.datastore.Change.InodeMake;
import org.opendvx.core.datastore.Change.InodePut;
import org.opendvx.core.datastore.Change.InodeTaken;
import org.opendvx.core.datastore.Change.RequestDone;
import org.opendvx.core.datastore.Change.SnapshotAmend;
import org.opendvx.core.datastore.Change.SnapshotDrop;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.datastore.Change.SnapshotJoined;
import org.opendvx.core.datastore.Change.SnapshotNode;
import org.opendvx.core.datastore.Change.SnapshotPut;
import org.opendvx.core.datastore.Change.Truncated;
import org.opendvx.core.tree.RootRef;

/** Bytes of a transaction's changes: docs/formats/journal-changes.md. */
final class ChangeCodec {
  private static final byte VERSION = 1;
  private static final int HEADER = 3;

  private static final byte INODE_PUT = 1;
  private static final byte INODE_DROP = 2;
  private static final byte ENTRY_PUT = 3;
  private static final byte ENTRY_REMOVE = 4;
  private static final byte BLOCKS_MAPPED = 5;
  private static final byte TRUNCATED = 6;
  private static final byte CONTENT_SHARED = 7;
  private static final byte SNAPSHOT_PUT = 8;
  private static final byte SNAPSHOT_DROP = 9;
  private static final byte REQUEST_DONE = 10;
  private static final byte INODE_MAKE = 11;
  private static final byte SNAPSHOT_AMEND = 12;
  private static final byte SNAPSHOT_JOINED = 13;
  private static final byte INODE_TAKEN = 14;
  private static final byte INODE_GIVEN = 15;
  private static final byte BLOCKS_SHARED = 16;

  private static final int BLOCKS_FIXED = 8 + 8 + 8 + 8 + 4;
  private static final int ENTRY_FIXED = 8 + 8 + 1 + 8 + 2;
  private static final int NODE_FIXED = 8 + 8 + 1 + 2;

  private ChangeCodec() {}

  /** Exact length of what {@link #encode} writes. */
  static int length(List<Change> changes) {
    int length = HEADER;
    for (int i = 0; i < changes.size(); i++) {
      length += 1 + bodyLength(changes.get(i));
    }
    return length;
  }

  private static int bodyLength(Change change) {
    return switch (change) {
      case BlocksMapped mapped -> BLOCKS_FIXED + 8 * mapped.addresses().length;
      case BlocksShared shared -> BLOCKS_FIXED + 8 * shared.addresses().length;
      case InodeMake make -> 8 + InodeCodec.length(make.image());
      case InodePut put -> 8 + InodeCodec.length(put.image());
      case InodeDrop _ -> 8;
      case EntryPut put -> ENTRY_FIXED + put.entry().name().length;
      case EntryRemove _ -> 16;
      case Truncated _ -> 24;
      case ContentShared _ -> 24;
      case SnapshotPut put ->
          headLength(put.head()) + 4 + put.document().length + nodesLength(put.nodes());
      case SnapshotJoined put ->
          headLength(put.head())
              + 4
              + put.document().length
              + nodesLength(put.nodes())
              + put.contents().size() * RootRef.ENCODED;
      case InodeTaken taken -> 8 + InodeCodec.length(taken.image()) + RootRef.ENCODED;
      case InodeGiven _ -> 16;
      case SnapshotAmend amend -> 8 + labelsLength(amend.labels()) + 4 + amend.document().length;
      case SnapshotDrop _ -> 8;
      case RequestDone _ -> 32;
    };
  }

  /** Writes the changes. */
  static void encode(ByteBuffer out, List<Change> changes) {
    if (changes.size() > Short.MAX_VALUE * 2) {
      throw new IllegalArgumentException(changes.size() + " changes in one transaction");
    }
    out.put(VERSION).putShort((short) changes.size());
    for (int i = 0; i < changes.size(); i++) {
      encode(out, changes.get(i));
    }
  }

  private static void encode(ByteBuffer out, Change change) {
    switch (change) {
      case BlocksMapped(long file, long first, long[] addresses, long size, long time) -> {
        out.put(BLOCKS_MAPPED).putLong(file).putLong(first).putLong(size).putLong(time);
        encodeAddresses(out, addresses);
      }
      case BlocksShared(long file, long first, long[] addresses, long size, long time) -> {
        out.put(BLOCKS_SHARED).putLong(file).putLong(first).putLong(size).putLong(time);
        encodeAddresses(out, addresses);
      }
      case InodeMake(long file, InodeImage image) -> {
        out.put(INODE_MAKE).putLong(file);
        InodeCodec.encode(out, image);
      }
      case InodePut(long file, InodeImage image) -> {
        out.put(INODE_PUT).putLong(file);
        InodeCodec.encode(out, image);
      }
      case InodeDrop(long file) -> out.put(INODE_DROP).putLong(file);
      case EntryPut(long directory, DirectoryEntry entry) -> {
        out.put(ENTRY_PUT).putLong(directory).putLong(entry.cookie());
        out.put((byte) entry.type().code()).putLong(entry.file());
        Bytes.putShortBytes(out, entry.name());
      }
      case EntryRemove(long directory, long cookie) ->
          out.put(ENTRY_REMOVE).putLong(directory).putLong(cookie);
      case Truncated(long file, long size, long time) ->
          out.put(TRUNCATED).putLong(file).putLong(size).putLong(time);
      case ContentShared(long file, FileKey source) ->
          out.put(CONTENT_SHARED).putLong(file).putLong(source.snapshot()).putLong(source.file());
      case SnapshotPut put -> {
        out.put(SNAPSHOT_PUT);
        encodeHead(out, put.head());
        Bytes.putBytes(out, put.document());
        encodeNodes(out, put.nodes());
      }
      case SnapshotJoined put -> {
        out.put(SNAPSHOT_JOINED);
        encodeHead(out, put.head());
        Bytes.putBytes(out, put.document());
        encodeNodes(out, put.nodes());
        put.contents().forEach(content -> content.encode(out));
      }
      case InodeTaken(long file, InodeImage image, RootRef content) -> {
        out.put(INODE_TAKEN).putLong(file);
        InodeCodec.encode(out, image);
        content.encode(out);
      }
      case InodeGiven(long file, long epoch) -> out.put(INODE_GIVEN).putLong(file).putLong(epoch);
      case SnapshotAmend(long snapshot, Map<String, String> labels, byte[] document) -> {
        out.put(SNAPSHOT_AMEND).putLong(snapshot);
        encodeLabels(out, labels);
        Bytes.putBytes(out, document);
      }
      case SnapshotDrop(long snapshot) -> out.put(SNAPSHOT_DROP).putLong(snapshot);
      case RequestDone(RequestTag tag, long created, long time) ->
          out.put(REQUEST_DONE)
              .putLong(tag.high())
              .putLong(tag.low())
              .putLong(created)
              .putLong(time);
    }
  }

  private static void encodeAddresses(ByteBuffer out, long[] addresses) {
    out.putInt(addresses.length);
    for (long address : addresses) {
      out.putLong(address);
    }
  }

  /** Reads what {@link #encode} wrote and leaves the buffer behind it. */
  static List<Change> decode(ByteBuffer in) {
    try {
      int version = in.get();
      if (version != VERSION) {
        throw Bytes.newer("A journal record", version);
      }
      int count = Short.toUnsignedInt(in.getShort());
      List<Change> changes = new ArrayList<>(Math.min(count, in.remaining()));
      for (int i = 0; i < count; i++) {
        changes.add(decodeOne(in));
      }
      return changes;
    } catch (BufferUnderflowException _) {
      throw Bytes.corrupt("A journal record", "its changes end early");
    }
  }

  private static Change decodeOne(ByteBuffer in) {
    int type = in.get();
    return switch (type) {
      case BLOCKS_MAPPED -> blocksMapped(in);
      case BLOCKS_SHARED -> {
        BlocksMapped body = blocksMapped(in);
        yield new BlocksShared(
            body.file(), body.first(), body.addresses(), body.size(), body.time());
      }
      case INODE_MAKE -> new InodeMake(in.getLong(), InodeCodec.decode(in));
      case INODE_PUT -> new InodePut(in.getLong(), InodeCodec.decode(in));
      case INODE_DROP -> new InodeDrop(in.getLong());
      case ENTRY_PUT -> entryPut(in);
      case ENTRY_REMOVE -> new EntryRemove(in.getLong(), in.getLong());
      case TRUNCATED -> new Truncated(in.getLong(), in.getLong(), in.getLong());
      case CONTENT_SHARED ->
          new ContentShared(in.getLong(), new FileKey(in.getLong(), in.getLong()));
      case SNAPSHOT_PUT -> new SnapshotPut(decodeHead(in), Bytes.bytes(in), decodeNodes(in));
      case SNAPSHOT_JOINED -> snapshotJoined(in);
      case INODE_TAKEN -> new InodeTaken(in.getLong(), InodeCodec.decode(in), RootRef.decode(in));
      case INODE_GIVEN -> new InodeGiven(in.getLong(), in.getLong());
      case SNAPSHOT_AMEND -> new SnapshotAmend(in.getLong(), decodeLabels(in), Bytes.bytes(in));
      case SNAPSHOT_DROP -> new SnapshotDrop(in.getLong());
      case REQUEST_DONE ->
          new RequestDone(new RequestTag(in.getLong(), in.getLong()), in.getLong(), in.getLong());
      default -> throw Bytes.corrupt("A journal record", "a change of type " + type);
    };
  }

  private static BlocksMapped blocksMapped(ByteBuffer in) {
    long file = in.getLong();
    long first = in.getLong();
    long size = in.getLong();
    long time = in.getLong();
    long[] addresses = new long[Bytes.count(in, Long.BYTES)];
    if (first < 0 || first > Blocks.LAST || size < 0 || size > Datastore.MAX_FILE_SIZE) {
      throw Bytes.corrupt("A journal record", "blocks outside of any file");
    }
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = in.getLong();
    }
    return new BlocksMapped(file, first, addresses, size, time);
  }

  private static SnapshotJoined snapshotJoined(ByteBuffer in) {
    SnapshotHead head = decodeHead(in);
    byte[] document = Bytes.bytes(in);
    List<SnapshotNode> nodes = decodeNodes(in);
    List<RootRef> contents = new ArrayList<>(nodes.size());
    for (int i = 0; i < nodes.size(); i++) {
      contents.add(RootRef.decode(in));
    }
    return new SnapshotJoined(head, document, nodes, contents);
  }

  private static EntryPut entryPut(ByteBuffer in) {
    long directory = in.getLong();
    long cookie = in.getLong();
    FileType type = InodeCodec.type(in.get());
    long file = in.getLong();
    byte[] name = Bytes.shortBytes(in);
    if (name.length == 0 || name.length > Datastore.MAX_NAME || cookie < 0) {
      throw Bytes.corrupt("A journal record", "a name of " + name.length + " bytes");
    }
    return new EntryPut(directory, new DirectoryEntry(cookie, name, file, type));
  }

  static int headLength(SnapshotHead head) {
    return 8 + 2 + Bytes.utf8(head.name()).length + 8 + 4 + 8 + labelsLength(head.labels());
  }

  static void encodeHead(ByteBuffer out, SnapshotHead head) {
    out.putLong(head.id());
    Bytes.putText(out, head.name());
    out.putLong(head.created()).putInt(head.files()).putLong(head.bytes());
    encodeLabels(out, head.labels());
  }

  static SnapshotHead decodeHead(ByteBuffer in) {
    long id = in.getLong();
    String name = Bytes.text(in);
    long created = in.getLong();
    int files = in.getInt();
    long bytes = in.getLong();
    return new SnapshotHead(id, name, created, decodeLabels(in), files, bytes);
  }

  private static int labelsLength(Map<String, String> labels) {
    int length = 4;
    for (Map.Entry<String, String> label : labels.entrySet()) {
      length += 4 + Bytes.utf8(label.getKey()).length + Bytes.utf8(label.getValue()).length;
    }
    return length;
  }

  private static void encodeLabels(ByteBuffer out, Map<String, String> labels) {
    out.putInt(labels.size());
    labels.forEach(
        (key, value) -> {
          Bytes.putText(out, key);
          Bytes.putText(out, value);
        });
  }

  private static Map<String, String> decodeLabels(ByteBuffer in) {
    int count = Bytes.count(in, 4);
    Map<String, String> labels = LinkedHashMap.newLinkedHashMap(count);
    for (int i = 0; i < count; i++) {
      labels.put(Bytes.text(in), Bytes.text(in));
    }
    return labels;
  }

  private static int nodesLength(List<SnapshotNode> nodes) {
    int length = 4;
    for (SnapshotNode node : nodes) {
      length += nodeLength(node);
    }
    return length;
  }

  private static void encodeNodes(ByteBuffer out, List<SnapshotNode> nodes) {
    out.putInt(nodes.size());
    for (SnapshotNode node : nodes) {
      encodeNode(out, node);
    }
  }

  private static List<SnapshotNode> decodeNodes(ByteBuffer in) {
    int count = Bytes.count(in, NODE_FIXED);
    List<SnapshotNode> nodes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      nodes.add(decodeNode(in));
    }
    return nodes;
  }

  static int nodeLength(SnapshotNode node) {
    return NODE_FIXED + node.name().length + InodeCodec.length(node.image());
  }

  static void encodeNode(ByteBuffer out, SnapshotNode node) {
    out.putLong(node.file()).putLong(node.parent()).put((byte) (node.member() ? 1 : 0));
    Bytes.putShortBytes(out, node.name());
    InodeCodec.encode(out, node.image());
  }

  static SnapshotNode decodeNode(ByteBuffer in) {
    long file = in.getLong();
    long parent = in.getLong();
    boolean member = in.get() != 0;
    byte[] name = Bytes.shortBytes(in);
    return new SnapshotNode(file, parent, name, member, InodeCodec.decode(in));
  }
}
