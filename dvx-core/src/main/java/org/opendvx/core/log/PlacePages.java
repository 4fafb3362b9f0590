package org.opendvx.core.log;

import java.util.Arrays;
import java.util.SortedMap;

/**
 * Where moved containers are, page by page: a change copies the page that it is in, and not the
 * others. Immutable.
 */
final class PlacePages {
  /** Containers in a page: at 16 bytes each its record stays below 64 KiB. */
  static final int PAGE = 4096;

  static final PlacePages EMPTY = new PlacePages(new long[0], new PlaceMap[0]);

  /** Ascending, none without entries. */
  private final long[] numbers;

  private final PlaceMap[] pages;
  private final int size;

  private PlacePages(long[] numbers, PlaceMap[] pages) {
    this.numbers = numbers;
    this.pages = pages;
    this.size = Arrays.stream(pages).mapToInt(PlaceMap::size).sum();
  }

  /** The page that a container is in. */
  static long pageOf(long container) {
    return container / PAGE;
  }

  /** Where a container is; 0 when it was not moved. */
  long get(long container) {
    if (size == 0) {
      return 0;
    }
    int at = Arrays.binarySearch(numbers, pageOf(container));
    return at < 0 ? 0 : pages[at].get(container);
  }

  /** Containers that were moved. */
  int size() {
    return size;
  }

  /** Visits all entries, in no order. */
  void forEach(PlaceMap.Visitor visitor) {
    for (PlaceMap page : pages) {
      page.forEach(visitor);
    }
  }

  /** A copy with another content of a page. */
  PlacePages with(long number, SortedMap<Long, Long> content) {
    int found = Arrays.binarySearch(numbers, number);
    int at = found < 0 ? -found - 1 : found;
    int after = found < 0 ? at : at + 1;
    int kept = content.isEmpty() ? 0 : 1;
    int length = at + kept + numbers.length - after;
    long[] newNumbers = Arrays.copyOf(numbers, length);
    PlaceMap[] newPages = Arrays.copyOf(pages, length);
    System.arraycopy(numbers, after, newNumbers, at + kept, numbers.length - after);
    System.arraycopy(pages, after, newPages, at + kept, pages.length - after);
    if (kept > 0) {
      newNumbers[at] = number;
      newPages[at] = PlaceMap.of(content);
    }
    return new PlacePages(newNumbers, newPages);
  }
}
