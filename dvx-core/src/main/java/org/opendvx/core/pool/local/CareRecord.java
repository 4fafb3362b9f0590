package org.opendvx.core.pool.local;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.pool.RecordStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the care of drives keeps over a restart: how far the scrub is, and that a rebuild or
 * rebalance is under way. Losing it costs work done twice, never data. Thread-safe.
 */
final class CareRecord {
  private static final Logger LOG = LoggerFactory.getLogger(CareRecord.class);
  private static final String KEY = LocalRecordStore.INTERNAL + "care";

  private final LocalRecordStore records;
  private final Properties values = new Properties();

  CareRecord(LocalRecordStore records) {
    this.records = records;
  }

  /** Reads what an earlier process left. */
  synchronized void load() {
    RecordStore.VersionedRecord record = records.getInternal(KEY).orElse(null);
    if (record != null) {
      try {
        values.load(new StringReader(new String(record.value(), StandardCharsets.UTF_8)));
      } catch (IOException | IllegalArgumentException e) {
        LOG.warn("How far the scrub was is forgotten: {}", e.toString());
      }
    }
  }

  synchronized long get(String key) {
    try {
      return Long.parseLong(values.getProperty(key, "0"));
    } catch (NumberFormatException _) {
      return 0;
    }
  }

  /** Sets values; {@link #save} makes them durable. */
  synchronized void set(String key, long value) {
    if (value == 0) {
      values.remove(key);
    } else {
      values.setProperty(key, Long.toString(value));
    }
  }

  /** Best effort. */
  void save() {
    StringWriter text = new StringWriter();
    synchronized (this) {
      try {
        values.store(text, null);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    try {
      records.putInternal(KEY, text.toString().getBytes(StandardCharsets.UTF_8));
    } catch (DvxException e) {
      LOG.debug("How far the care of drives is was not noted: {}", e.getMessage());
    }
  }
}
