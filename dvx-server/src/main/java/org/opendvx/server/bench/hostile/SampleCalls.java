package org.opendvx.server.bench.hostile;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.RpcMessage;
import org.opendvx.server.bench.rpc.Xdr;

/** One valid call of every procedure of NFSv3, MOUNT3 and portmap, as records to be spoiled. */
final class SampleCalls {
  private static final int NFS_PROCEDURES = 22;
  private static final int MOUNT_PROCEDURES = 6;
  private static final int PORTMAP_PROCEDURES = 6;

  private final byte[] credentials;
  private final byte[] directory;
  private final byte[] file;
  private final String export;

  /** Aims the calls at a scratch directory and a file in it. */
  SampleCalls(Credentials who, byte[] directory, byte[] file, String export) {
    this.credentials = who.encoded();
    this.directory = directory;
    this.file = file;
    this.export = export;
  }

  /** A READ of one mebibyte of the scratch file. */
  byte[] largeRead() {
    return record(
        Nfs3.PROGRAM,
        Nfs3.VERSION,
        Nfs3.READ,
        out -> {
          Xdr.putOpaque(out, file);
          out.putLong(0).putInt(1 << 20);
        });
  }

  /** A call of each NFS procedure. */
  List<byte[]> nfs() {
    List<byte[]> calls = new ArrayList<>();
    for (int procedure = 0; procedure < NFS_PROCEDURES; procedure++) {
      int number = procedure;
      calls.add(record(Nfs3.PROGRAM, Nfs3.VERSION, number, out -> putArguments(out, number)));
    }
    return calls;
  }

  /** A call of each MOUNT procedure. */
  List<byte[]> mount() {
    List<byte[]> calls = new ArrayList<>();
    for (int procedure = 0; procedure < MOUNT_PROCEDURES; procedure++) {
      boolean path = procedure == 1 || procedure == 3;
      calls.add(
          record(
              Nfs3.MOUNT_PROGRAM,
              Nfs3.MOUNT_VERSION,
              procedure,
              out -> {
                if (path) {
                  Xdr.putString(out, export);
                }
              }));
    }
    return calls;
  }

  /** A call of each portmap procedure; SET and UNSET name a program that nobody has. */
  List<byte[]> portmap() {
    List<byte[]> calls = new ArrayList<>();
    for (int procedure = 0; procedure < PORTMAP_PROCEDURES; procedure++) {
      calls.add(
          record(
              Nfs3.PORTMAP_PROGRAM,
              Nfs3.PORTMAP_VERSION,
              procedure,
              out -> out.putInt(0x2FFFFFFF).putInt(1).putInt(Nfs3.PROTOCOL_TCP).putInt(9)));
    }
    return calls;
  }

  private void putArguments(ByteBuffer out, int procedure) {
    switch (procedure) {
      case 0 -> {}
      case 1, 5, 18, 19, 20 -> Xdr.putOpaque(out, file);
      case 2 -> {
        Xdr.putOpaque(out, file);
        putAttributes(out);
        out.putInt(0);
      }
      case 3, 12, 13 -> putEntry(out, "none");
      case 4 -> {
        Xdr.putOpaque(out, file);
        out.putInt(0x3F);
      }
      case 6 -> {
        Xdr.putOpaque(out, file);
        out.putLong(0).putInt(4096);
      }
      case 7 -> {
        Xdr.putOpaque(out, file);
        out.putLong(4096).putInt(512).putInt(Nfs3.FILE_SYNC);
        Xdr.putOpaque(out, new byte[512]);
      }
      case 8 -> {
        putEntry(out, "scratch");
        out.putInt(0);
        putAttributes(out);
      }
      case 9 -> {
        putEntry(out, "folder");
        putAttributes(out);
      }
      case 10 -> {
        putEntry(out, "link");
        putAttributes(out);
        Xdr.putString(out, "scratch");
      }
      case 11 -> {
        putEntry(out, "node");
        out.putInt(7);
        putAttributes(out);
      }
      case 14 -> {
        putEntry(out, "scratch");
        putEntry(out, "renamed");
      }
      case 15 -> {
        Xdr.putOpaque(out, file);
        putEntry(out, "hard");
      }
      case 16 -> {
        Xdr.putOpaque(out, directory);
        out.putLong(0).putLong(0).putInt(4096);
      }
      case 17 -> {
        Xdr.putOpaque(out, directory);
        out.putLong(0).putLong(0).putInt(4096).putInt(32768);
      }
      default -> {
        Xdr.putOpaque(out, file);
        out.putLong(0).putInt(0);
      }
    }
  }

  private void putEntry(ByteBuffer out, String name) {
    Xdr.putOpaque(out, directory);
    Xdr.putString(out, name);
  }

  private static void putAttributes(ByteBuffer out) {
    out.putInt(1).putInt(0644).putInt(0).putInt(0).putInt(0).putInt(0).putInt(0);
  }

  private byte[] record(int program, int version, int procedure, Consumer<ByteBuffer> arguments) {
    ByteBuffer out = ByteBuffer.allocate(4096);
    int mark = RpcMessage.beginCall(out, 1, program, version, procedure, credentials);
    arguments.accept(out);
    RpcMessage.endCall(out, mark);
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    return bytes;
  }
}
