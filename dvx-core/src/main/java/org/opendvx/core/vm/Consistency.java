package org.opendvx.core.vm;

/** What a restore point promises, from most to least. It never claims more than happened. */
public enum Consistency {
  APPLICATION,
  FILE_SYSTEM,
  CRASH
}
