package org.opendvx.core.nfs.access;

import java.net.InetAddress;
import java.util.List;
import java.util.regex.Pattern;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * A network of clients in CIDR notation, IPv4 or IPv6.
 *
 * @param text as given, for people
 * @param base the first address
 * @param bits leading bits of the 128 that must agree
 */
public record ClientNetwork(String text, ClientAddress base, int bits) {
  private static final Pattern LITERAL =
      Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
  private static final int MAPPED_BITS = 96;

  /** This machine alone. */
  public static final List<ClientNetwork> LOOPBACK = List.of(parse("127.0.0.0/8"), parse("::1"));

  /**
   * Reads {@code 10.0.0.0/8}, {@code 10.1.2.3}, {@code fd00::/8} or {@code ::1}. Host names are
   * refused: what they stand for changes.
   */
  public static ClientNetwork parse(String text) {
    int slash = text.indexOf('/');
    String literal = slash < 0 ? text : text.substring(0, slash);
    InetAddress address = address(text, literal);
    int width = address.getAddress().length * 8;
    int prefix = slash < 0 ? width : prefix(text, text.substring(slash + 1), width);
    int bits = width == 32 ? prefix + MAPPED_BITS : prefix;
    ClientAddress given = ClientAddress.of(address);
    ClientAddress base =
        new ClientAddress(given.high() & highMask(bits), given.low() & lowMask(bits));
    return new ClientNetwork(text, base, bits);
  }

  /** Whether the address belongs to the network. */
  public boolean contains(ClientAddress address) {
    return ((address.high() ^ base.high()) & highMask(bits)) == 0
        && ((address.low() ^ base.low()) & lowMask(bits)) == 0;
  }

  @Override
  public String toString() {
    return text;
  }

  private static InetAddress address(String text, String literal) {
    if (!LITERAL.matcher(literal).matches()) {
      throw invalid(text, "\"" + literal + "\" is not an IP address");
    }
    try {
      return InetAddress.ofLiteral(literal);
    } catch (IllegalArgumentException e) {
      throw invalid(text, "\"" + literal + "\" is not an IP address");
    }
  }

  private static int prefix(String text, String digits, int width) {
    if (digits.matches("[0-9]{1,3}") && Integer.parseInt(digits) <= width) {
      return Integer.parseInt(digits);
    }
    throw invalid(text, "the prefix length must be 0 to " + width);
  }

  private static DvxException invalid(String text, String cause) {
    return DvxException.of(Kind.INVALID, "\"" + text + "\" is not a network of clients")
        .cause(cause)
        .remedy("Write it like 10.0.0.0/8, 192.168.1.7 or fd00::/8")
        .build();
  }

  private static long highMask(int bits) {
    return bits == 0 ? 0 : -1L << (64 - Math.min(bits, 64));
  }

  private static long lowMask(int bits) {
    return bits <= 64 ? 0 : -1L << (128 - bits);
  }
}
