package org.opendvx.core.cluster;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * CLOCK_BOOTTIME of Linux. Thread-safe. {@link System#nanoTime} would stand still while the machine
 * sleeps, and a lease would seem to hold when another host has long taken over.
 */
public final class BootClock implements LeaseClock {
  private static final int CLOCK_BOOTTIME = 7;
  private static final long SECOND = 1_000_000_000L;

  private final MethodHandle clockGetTime;
  private final ThreadLocal<MemorySegment> timespec =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(16, 8));

  /**
   * Looks the clock up.
   *
   * @throws DvxException UNSUPPORTED where there is none
   */
  @SuppressWarnings("restricted") // the packages start Java with native access enabled
  public BootClock() {
    Linker linker = Linker.nativeLinker();
    SymbolLookup symbols = linker.defaultLookup();
    MemorySegment function =
        symbols.find("clock_gettime").orElseThrow(() -> missing("there is no clock_gettime"));
    clockGetTime =
        linker.downcallHandle(
            function,
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    long _ = nanos();
  }

  @Override
  public long nanos() {
    MemorySegment time = timespec.get();
    int result;
    try {
      result = (int) clockGetTime.invokeExact(CLOCK_BOOTTIME, time);
    } catch (Throwable e) {
      throw new IllegalStateException("clock_gettime cannot be called", e);
    }
    if (result != 0) {
      throw missing("CLOCK_BOOTTIME is refused");
    }
    return time.get(ValueLayout.JAVA_LONG, 0) * SECOND + time.get(ValueLayout.JAVA_LONG, 8);
  }

  private static DvxException missing(String cause) {
    return DvxException.of(Kind.UNSUPPORTED, "There is no clock that counts suspension")
        .cause(cause)
        .remedy("Run hosts on 64-bit Linux")
        .build();
  }
}
