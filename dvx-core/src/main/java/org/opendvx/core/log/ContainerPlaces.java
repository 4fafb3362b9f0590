package org.opendvx.core.log;

/** What the cleaner did to containers. Answers come from memory and may change at any time. */
public interface ContainerPlaces {
  /** A pool without a cleaner. */
  ContainerPlaces UNMOVED =
      new ContainerPlaces() {
        @Override
        public long placeOf(long container) {
          return container;
        }

        @Override
        public boolean condemned(long container) {
          return false;
        }
      };

  /**
   * The physical container that holds the live slots of a container now: itself, or where the
   * cleaner moved them.
   */
  long placeOf(long container);

  /** Whether no new reference to the container's chunks may be made. */
  boolean condemned(long container);

  /**
   * Asks anew where a container is: what was there before is gone, and the cleaner may be another
   * process. May read the register.
   */
  default void lookAgain(long container) {}
}
