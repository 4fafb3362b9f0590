package org.opendvx.coordinator.session;

import io.netty.channel.Channel;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Connections that have not shown yet who they are. Anybody may knock; few may wait, and when there
 * are too many, the one that has waited longest goes: whoever opens thousands and says nothing
 * pushes out its own, and an agent that presents itself at once gets in. Thread-safe.
 */
final class Doorway {
  static final int MOST = 256;

  private final Set<Channel> waiting = new LinkedHashSet<>();

  /** One more waits; answers the one that has to go for it. */
  synchronized Optional<Channel> enter(Channel channel) {
    waiting.add(channel);
    if (waiting.size() <= MOST) {
      return Optional.empty();
    }
    Iterator<Channel> all = waiting.iterator();
    Channel oldest = all.next();
    all.remove();
    return Optional.of(oldest);
  }

  /** It is in, or gone. */
  synchronized void leave(Channel channel) {
    waiting.remove(channel);
  }
}
