package org.opendvx.rhv.restore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Makes one raw file of a chain of layers. Clusters that stand in a layer as the guest sees them,
 * on whole blocks, become references to the layer's chunks; compressed and small ones are copied.
 * Zeros are not written.
 */
final class Flattening {
  private static final int BLOCK = 4096;
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
      } else if (layer.backed()) {
        // Joined without it, all that is only there would silently become zeros.
        throw broken("The lowest layer stands on a file that is not in the restore point");
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
   * What was done.
   *
   * @param shared bytes that are references to chunks of the layers, holes among them
   * @param copied bytes that were read and written
   */
  record Joined(long shared, long copied) {}

  /**
   * Makes a file of the guest's bytes; durable on return.
   *
   * @param target an empty or all-zero live file of the disk's size
   */
  Joined write(List<Layer> layers, FileKey target, long size) {
    Target out = new Target(target);
    for (long at = 0; at < size; ) {
      int room = (int) Math.min(Snapshots.MAX_RANGE, size - at);
      Layer owner = null;
      Layer.Piece piece = new Layer.Piece(Layer.Piece.Kind.BELOW, room);
      for (Layer layer : layers) {
        piece = layer.at(at, piece.length());
        if (piece.kind() != Layer.Piece.Kind.BELOW) {
          owner = layer;
          break;
        }
      }
      if (owner == null || piece.kind() != Layer.Piece.Kind.DATA) {
        at += piece.length();
      } else {
        at += data(out, owner, at, piece.length());
      }
    }
    out.flush();
    files.commit(target);
    return new Joined(out.shared, out.copied);
  }

  /** Puts the first part of a piece, by reference if that can be; how long the part is. */
  private static int data(Target out, Layer owner, long at, int length) {
    long position = owner.position(at);
    boolean aligned = position >= 0 && ((position | at) & (BLOCK - 1)) == 0;
    int whole = length & -BLOCK;
    if (aligned && whole > 0) {
      out.share(owner.file(), position, at, whole);
      return whole;
    }
    // Behind the next boundary there may be something to share.
    int part = position < 0 ? length : (int) Math.min(length, BLOCK - (at & (BLOCK - 1)));
    out.copy(at, owner.read(at, part));
    return part;
  }

  /** Gathers what follows on each other into fewer and longer steps. */
  private final class Target {
    private final FileKey file;
    private long shared;
    private long copied;

    private Snapshots.@Nullable Range range;

    private final byte[] bytes = new byte[STEP];
    private long start;
    private int filled;

    Target(FileKey file) {
      this.file = file;
    }

    void share(FileKey source, long position, long at, int length) {
      flushCopied();
      Snapshots.Range last = range;
      boolean follows =
          last != null
              && last.source().equals(source)
              && last.sourceOffset() + last.length() == position
              && last.targetOffset() + last.length() == at
              && last.length() + length <= Snapshots.MAX_RANGE;
      if (last != null && follows) {
        range =
            new Snapshots.Range(
                source, last.sourceOffset(), file, last.targetOffset(), last.length() + length);
      } else {
        flushShared();
        range = new Snapshots.Range(source, position, file, at, length);
      }
    }

    void copy(long at, byte[] piece) {
      flushShared();
      int done = 0;
      while (done < piece.length) {
        if (filled == STEP || (filled > 0 && start + filled != at + done)) {
          flushCopied();
        }
        if (filled == 0) {
          start = at + done;
        }
        int part = Math.min(STEP - filled, piece.length - done);
        System.arraycopy(piece, done, bytes, filled, part);
        filled += part;
        done += part;
      }
    }

    void flush() {
      flushShared();
      flushCopied();
    }

    private void flushShared() {
      Snapshots.Range last = range;
      if (last != null) {
        files.shareRange(last);
        shared += last.length();
        range = null;
      }
    }

    private void flushCopied() {
      if (filled > 0) {
        files.write(file, start, Arrays.copyOf(bytes, filled), filled);
        copied += filled;
        filled = 0;
      }
    }
  }
}
