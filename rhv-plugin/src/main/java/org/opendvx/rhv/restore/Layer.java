package org.opendvx.rhv.restore;

import org.opendvx.core.datastore.FileKey;

/** One frozen file of a disk's chain, as the guest's bytes. */
sealed interface Layer permits Qcow2Layer, Layer.Raw {

  /** Bytes as the guest sees them. */
  long size();

  /** What the layer has at a place, for at most so many bytes; at least one. */
  Piece at(long offset, int most);

  /** The frozen file. */
  FileKey file();

  /**
   * Where in the file the bytes of a piece of {@link Piece.Kind#DATA} stand as they are; -1 when
   * they do not, since they are compressed.
   */
  long position(long offset);

  /** Bytes of a piece of {@link Piece.Kind#DATA}. */
  byte[] read(long offset, int length);

  /** A stretch of one kind. */
  record Piece(Kind kind, int length) {
    /** See {@link Piece}. */
    enum Kind {
      DATA,
      ZERO,
      /** Ask the layer below. */
      BELOW
    }
  }

  /** A file that holds the guest's bytes as they are. */
  record Raw(DomainFiles files, FileKey file, long size) implements Layer {
    @Override
    public Piece at(long offset, int most) {
      return offset >= size
          ? new Piece(Piece.Kind.ZERO, most)
          : new Piece(Piece.Kind.DATA, (int) Math.min(most, size - offset));
    }

    @Override
    public long position(long offset) {
      return offset;
    }

    @Override
    public byte[] read(long offset, int length) {
      return files.read(file, offset, length);
    }
  }
}
