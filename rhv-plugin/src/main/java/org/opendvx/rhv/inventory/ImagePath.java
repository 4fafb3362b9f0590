package org.opendvx.rhv.inventory;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where vdsm keeps an image of a disk on the datastore: {@code FOLDER/DOMAIN/images/DISK/IMAGE},
 * with {@code .meta} and {@code .lease} beside it.
 */
public record ImagePath(String folder, String domain, String disk, String image) {
  private static final String UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
  private static final Pattern FORM =
      Pattern.compile("(.*)/(" + UUID + ")/images/(" + UUID + ")/(" + UUID + ")");

  /** The path from the datastore's root. */
  public String path() {
    return domainPath() + "/images/" + disk + "/" + image;
  }

  /** The domain's folder. */
  public String domainPath() {
    return folder + "/" + domain;
  }

  /** The parts of a path, empty when it is not one of an image. */
  public static Optional<ImagePath> parse(String path) {
    Matcher matcher = FORM.matcher(path);
    return matcher.matches()
        ? Optional.of(
            new ImagePath(matcher.group(1), matcher.group(2), matcher.group(3), matcher.group(4)))
        : Optional.empty();
  }
}
