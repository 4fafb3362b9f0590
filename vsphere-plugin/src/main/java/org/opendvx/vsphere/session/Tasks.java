package org.opendvx.vsphere.session;

import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.TaskInfo;
import com.vmware.vim25.TaskInfoState;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Waits for vCenter's tasks. */
public final class Tasks {
  private static final long FIRST_PAUSE_MILLIS = 25;
  private static final long LONGEST_PAUSE_MILLIS = 1000;

  private final Properties properties;

  /** Waits over these reads. */
  public Tasks(Properties properties) {
    this.properties = properties;
  }

  /**
   * Waits until a task has ended well.
   *
   * @param doing what failed if it fails
   * @param meanwhile called between looks; may throw to give up
   * @return the task's result, null when it has none
   */
  public @Nullable Object await(
      String doing, ManagedObjectReference task, Duration limit, Runnable meanwhile) {
    long start = System.nanoTime();
    long pause = FIRST_PAUSE_MILLIS;
    while (true) {
      TaskInfo info = properties.one(doing, task, "info").get("info", TaskInfo.class).orElse(null);
      TaskInfoState state = info == null ? null : info.getState();
      if (info != null && state == TaskInfoState.success) {
        return info.getResult();
      }
      if (info != null && state == TaskInfoState.error) {
        throw failed(doing, info);
      }
      meanwhile.run();
      if (System.nanoTime() - start > limit.toNanos()) {
        throw DvxException.of(Kind.TIMEOUT, doing)
            .cause(
                "vCenter's task did not end within " + limit.toSeconds() + " s; it goes on there")
            .remedy("look at the task in vCenter, then try again")
            .detail("task", task.getVal())
            .build();
      }
      sleep(doing, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
    }
  }

  private static DvxException failed(String doing, TaskInfo info) {
    String type = Faults.typeOf(info.getError());
    return DvxException.of(Faults.kindOf(type), doing)
        .cause(Faults.reason(info.getError()))
        .detail("task", info.getKey())
        .detail("fault", type)
        .build();
  }

  private static void sleep(String doing, long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, doing).cause("interrupted").causedBy(e).build();
    }
  }
}
