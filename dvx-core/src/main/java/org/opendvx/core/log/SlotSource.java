package org.opendvx.core.log;

/**
 * A place nearer than the pool that may hold sealed slots: a flash cache, a peer. It is never
 * trusted: every slot is verified, and what fails is asked of the next source. Thread-safe.
 */
public interface SlotSource {

  /**
   * Hands over the slots it has; blocks for a limited time; failures are kept inside.
   *
   * @param addresses chunk addresses between 0 and {@code count}; not changed
   */
  void fetch(long[] addresses, int count, SlotSink sink);

  /** Offers a slot that had to be read from farther away; must not block; copies what it keeps. */
  void offer(long address, byte[] bytes, int offset, int length);

  /**
   * Offers a slot of a container that was just put in the pool, on a thread that nobody waits for:
   * may block for a short time.
   */
  default void written(long address, byte[] bytes, int offset, int length) {
    offer(address, bytes, offset, length);
  }

  /** What came of a slot that a source had. */
  enum Verdict {
    /** It is the slot of its address, unharmed. */
    TAKEN,

    /**
     * Nothing is known to be wrong with it, but there is no key for it, as a rule because that was
     * taken out of the pool's ring since: the source drops it.
     */
    OUTDATED,

    /** It is not the slot of its address, or harmed: the source drops it. */
    DAMAGED
  }

  /** Receives sealed slots. */
  @FunctionalInterface
  interface SlotSink {
    /**
     * One slot.
     *
     * @param index position in the addresses asked for
     * @return what it is worth
     */
    Verdict slot(int index, byte[] bytes, int offset, int length);
  }
}
