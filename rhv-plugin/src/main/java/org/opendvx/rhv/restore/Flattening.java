package org.opendvx.rhv.restore;

import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Writes a chain of layers into one raw file. Data goes through the datastore's write path: chunks
 * that are stored already become references again by dedupe, so it takes time but next to no space.
 * Zeros are not written.
 */
final class Flattening {
  private static final int STEP = 1 << 20;
  private static final int MAX_LAYERS = 256;

  private final DomainFiles files;

  Flattening(DomainFiles files) {
    this.files = files;
  }

  /**
   * Opens a chain.
   *
   * @param chain frozen files, top first
   * @param topIsQcow2 as the engine says of the disk's format; a guest can write what it likes at
   *     the start of a raw disk, so files are never asked what they are
   */
  List<Layer> open(List<FileKey> chain, boolean topIsQcow2) {
    if (chain.size() > MAX_LAYERS) {
      throw broken("It has " + chain.size() + " layers");
    }
    List<Layer> layers = new ArrayList<>();
    boolean qcow2 = topIsQcow2;
    for (int i = 0; i < chain.size(); i++) {
      if (!qcow2) {
        if (i != chain.size() - 1) {
          throw broken("A raw layer stands above another one");
        }
        layers.add(new Layer.Raw(files, chain.get(i), files.attributes(chain.get(i)).size()));
        break;
      }
      Qcow2Layer layer = new Qcow2Layer(files, chain.get(i));
      layers.add(layer);
      if (i + 1 < chain.size()) {
        qcow2 =
            switch (layer.backingFormat()) {
              case "qcow2" -> true;
              case "raw" -> false;
              default -> throw broken("A layer does not say what format the one below has");
            };
      }
    }
    return layers;
  }

  private static DvxException broken(String why) {
    return DvxException.of(Kind.UNSUPPORTED, "The disk's layers cannot be made into one")
        .cause(why)
        .remedy("Restore in place, or take the files from /.snapshots and use qemu-img")
        .build();
  }

  /**
   * Writes the guest's bytes.
   *
   * @param target an empty or all-zero live file of the disk's size
   * @return bytes copied
   */
  long write(List<Layer> layers, FileKey target, long size) {
    long copied = 0;
    byte[] step = new byte[STEP];
    for (long at = 0; at < size; at += STEP) {
      int length = (int) Math.min(STEP, size - at);
      int from = -1;
      for (int inside = 0; inside < length; ) {
        int room = length - inside;
        Layer owner = null;
        Layer.Piece piece = new Layer.Piece(Layer.Piece.Kind.BELOW, room);
        for (Layer layer : layers) {
          piece = layer.at(at + inside, piece.length());
          if (piece.kind() != Layer.Piece.Kind.BELOW) {
            owner = layer;
            break;
          }
        }
        boolean data = owner != null && piece.kind() == Layer.Piece.Kind.DATA;
        if (data && owner != null) {
          byte[] bytes = owner.read(at + inside, piece.length());
          System.arraycopy(bytes, 0, step, inside, piece.length());
          from = from < 0 ? inside : from;
        } else if (from >= 0) {
          copied += flush(target, at, step, from, inside);
          from = -1;
        }
        inside += piece.length();
      }
      if (from >= 0) {
        copied += flush(target, at, step, from, length);
      }
    }
    files.commit(target);
    return copied;
  }

  private int flush(FileKey target, long at, byte[] step, int from, int to) {
    byte[] bytes = java.util.Arrays.copyOfRange(step, from, to);
    files.write(target, at + from, bytes, bytes.length);
    return bytes.length;
  }
}
