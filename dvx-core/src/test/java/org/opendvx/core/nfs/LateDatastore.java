package org.opendvx.core.nfs;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore;

/**
 * A datastore that completes futures later, as an executor pleases. Reads fill their buffer later
 * too; everything else takes effect at once.
 */
final class LateDatastore implements InvocationHandler {
  private final Datastore datastore;
  private final Executor executor;
  private final Predicate<String> late;

  /** Calls that were delayed. */
  final AtomicInteger delayed = new AtomicInteger();

  LateDatastore(Datastore datastore, Executor executor, Predicate<String> lateMethods) {
    this.datastore = datastore;
    this.executor = executor;
    this.late = lateMethods;
  }

  Datastore datastore() {
    return (Datastore)
        Proxy.newProxyInstance(
            Datastore.class.getClassLoader(), new Class<?>[] {Datastore.class}, this);
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    if (method.getReturnType() != CompletableFuture.class || !late.test(method.getName())) {
      return call(method, arguments);
    }
    delayed.incrementAndGet();
    CompletableFuture<Object> result = new CompletableFuture<>();
    if (method.getName().equals("read")) {
      executor.execute(() -> pass(callUnchecked(method, arguments), result));
    } else {
      CompletableFuture<?> done = callUnchecked(method, arguments);
      executor.execute(() -> pass(done, result));
    }
    return result;
  }

  private static void pass(CompletableFuture<?> done, CompletableFuture<Object> result) {
    if (done.isCompletedExceptionally()) {
      result.completeExceptionally(done.exceptionNow());
    } else {
      result.complete(done.resultNow());
    }
  }

  private CompletableFuture<?> callUnchecked(Method method, Object @Nullable [] arguments) {
    try {
      return (CompletableFuture<?>) Objects.requireNonNull(call(method, arguments));
    } catch (Throwable e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private @Nullable Object call(Method method, Object @Nullable [] arguments) throws Throwable {
    try {
      return method.invoke(datastore, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }
}
