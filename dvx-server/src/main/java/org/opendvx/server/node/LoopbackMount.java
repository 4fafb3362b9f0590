package org.opendvx.server.node;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Makes this process fit to serve a mount of the very machine that it runs on. Under memory
 * pressure such a kernel writes dirty pages back to this process; were it to wait for memory then,
 * both would wait for ever. So its memory is locked as it grows (mlockall(2), with MCL_ONFAULT,
 * since stacks and the heap's reserve need not be there before they are used), and its threads are
 * marked as part of write-back: prctl(2), PR_SET_IO_FLUSHER, Linux 5.6.
 */
public final class LoopbackMount {
  private static final int MCL_CURRENT = 1;
  private static final int MCL_FUTURE = 2;
  private static final int MCL_ONFAULT = 4;
  private static final int PR_SET_IO_FLUSHER = 57;

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private LoopbackMount() {}

  /**
   * Locks the process and marks the calling thread and those that it and its descendants start from
   * now on. Threads that the JVM started before are locked, not marked.
   *
   * @throws DvxException DENIED when the rights are missing, UNAVAILABLE on other systems
   */
  public static void prepare() {
    lock();
    mark();
  }

  /** Locks what is in memory, and what will be once it is. */
  static void lock() {
    FunctionDescriptor types = FunctionDescriptor.of(JAVA_INT, JAVA_INT);
    call("mlockall", types, "LimitMEMLOCK=infinity", MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
  }

  private static void mark() {
    FunctionDescriptor types =
        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    call("prctl", types, "CAP_SYS_RESOURCE", PR_SET_IO_FLUSHER, 1L, 0L, 0L, 0L);
  }

  @SuppressWarnings("restricted") // the packages start Java with native access enabled
  private static void call(
      String name, FunctionDescriptor types, String right, Object... arguments) {
    Linker linker = Linker.nativeLinker();
    MethodHandle function =
        linker.downcallHandle(
            linker
                .defaultLookup()
                .find(name)
                .orElseThrow(() -> refused(Kind.UNAVAILABLE, name + " is not there", right)),
            types,
            types.argumentLayouts().size() > 1
                ? new Linker.Option[] {
                  Linker.Option.captureCallState("errno"), Linker.Option.firstVariadicArg(1)
                }
                : new Linker.Option[] {Linker.Option.captureCallState("errno")});
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      Object[] all = new Object[arguments.length + 1];
      all[0] = state;
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      if ((int) function.invokeWithArguments(all) != 0) {
        throw refused(Kind.DENIED, name + ": error " + (int) ERRNO.get(state, 0L), right);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new LinkageError(name, e);
    }
  }

  private static DvxException refused(Kind kind, String cause, String right) {
    return DvxException.of(kind, "The node cannot be locked in memory, as memory.lock asks")
        .cause(cause)
        .remedy("Run it with " + right + " on Linux 5.6 or later, as the package's units do")
        .build();
  }
}
