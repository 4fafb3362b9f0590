package org.opendvx.coordinator.session;

import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.Locale;
import org.opendvx.coordinator.pki.EnrolmentToken;
import org.opendvx.coordinator.protocol.Frame;
import org.opendvx.coordinator.protocol.FromAgent;

/** Puts the writers' documents together. Confined to one thread until the report is there. */
final class DocumentParts {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private int parts;
  private boolean complete;
  private String trouble = "";

  void add(FromAgent.Document document) {
    if (!trouble.isEmpty()) {
      return;
    }
    if (complete || document.part() != parts) {
      fail("the writers' documents came out of order");
      return;
    }
    byte[] part;
    try {
      part = Base64.getDecoder().decode(document.data());
    } catch (IllegalArgumentException e) {
      fail("the writers' documents cannot be read");
      return;
    }
    if (bytes.size() + part.length > Frame.MAX_DOCUMENTS) {
      fail("the writers' documents are larger than " + (Frame.MAX_DOCUMENTS >> 20) + " MiB");
      return;
    }
    bytes.writeBytes(part);
    parts++;
    complete = document.last();
  }

  private void fail(String why) {
    trouble = why;
    bytes.reset();
  }

  /** What is wrong with them after the report, empty when nothing is. */
  String trouble(FromAgent.Report report) {
    if (!trouble.isEmpty()) {
      return trouble;
    }
    if (parts == 0 && report.documentBytes() == 0) {
      return "";
    }
    if (!complete || bytes.size() != report.documentBytes()) {
      return "the writers' documents are incomplete";
    }
    return EnrolmentToken.sha256(bytes.toByteArray())
            .equals(report.documentSha256().toLowerCase(Locale.ROOT))
        ? ""
        : "the writers' documents are not those that the report speaks of";
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }
}
