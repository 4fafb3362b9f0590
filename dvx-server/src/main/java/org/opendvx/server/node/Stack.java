package org.opendvx.server.node;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Things to be closed, last opened first; one that fails does not keep the others open. */
public final class Stack implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Stack.class);

  private final Deque<Item> items = new ArrayDeque<>();

  private record Item(String name, AutoCloseable what) {}

  /** Puts something on top. */
  public <T extends AutoCloseable> T push(String name, T what) {
    items.push(new Item(name, what));
    return what;
  }

  @Override
  public void close() {
    while (!items.isEmpty()) {
      Item item = items.pop();
      long start = System.nanoTime();
      try {
        item.what().close();
        LOG.debug("{} closed in {} ms", item.name(), (System.nanoTime() - start) / 1_000_000);
      } catch (Exception e) {
        LOG.error("{} does not close cleanly", item.name(), e);
      }
    }
  }
}
