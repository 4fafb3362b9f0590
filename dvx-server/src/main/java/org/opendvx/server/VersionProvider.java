package org.opendvx.server;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import picocli.CommandLine.IVersionProvider;

/** Tells the version that the build wrote beside this class. */
public final class VersionProvider implements IVersionProvider {
  private static final String RESOURCE = "version.properties";

  @Override
  public String[] getVersion() {
    return new String[] {"OpenDVX " + version(), "Java " + Runtime.version()};
  }

  /** The project's version, such as {@code 0.1.0-SNAPSHOT}. */
  public static String version() {
    Properties properties = new Properties();
    try (InputStream in = VersionProvider.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IOException(RESOURCE + " is not on the class path");
      }
      properties.load(in);
    } catch (IOException e) {
      throw DvxException.of(Kind.INTERNAL, "The version of this build cannot be read")
          .causedBy(e)
          .remedy("Build again: this jar is not complete")
          .build();
    }
    return properties.getProperty("version", "unknown");
  }
}
