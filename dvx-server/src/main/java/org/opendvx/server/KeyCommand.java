package org.opendvx.server;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.KeysSection;
import org.opendvx.server.wiring.StoppedNode;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dvx key}. */
@Command(
    name = "key",
    description = "The keys of what a node stores: what locks it, and what it is sealed under.",
    subcommands = KeyCommand.Rotate.class)
final class KeyCommand implements Runnable {
  @Spec private CommandSpec spec;

  /** The command, to be filled in by picocli. */
  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  KeyCommand() {}

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** {@code dvx key rotate}. */
  @Command(
      name = "rotate",
      description = {
        "Lock the pool of a node that is stopped with another key. The old one does not open it any"
            + " more; no data is written anew.",
        "",
        "Whatever happens meanwhile, one of the two keys opens the pool: keep the old one until the"
            + " node has started with the new one."
      },
      footer = {
        "",
        "Examples: dvx key rotate --config /etc/dvx/dvx.yaml --new-key-file /etc/dvx/pool-2.key",
        "          dvx key rotate --config /etc/dvx/dvx.yaml --new-config /etc/dvx/token.yaml"
      })
  static final class Rotate implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Mixin private StoppedNodeOptions node;

    @ArgGroup(multiplicity = "1")
    private Next next;

    /** The command, to be filled in by picocli. */
    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Rotate() {}

    @Override
    public Integer call() {
      KeysSection section = next.section();
      StoppedNode.rotateKey(node.settings(), section);
      PrintWriter out = spec.commandLine().getOut();
      out.println("The pool is locked with the new key. Put this into the node's configuration:");
      out.println();
      out.println("keys:");
      if (section.byToken()) {
        out.println("  pkcs11-library: " + section.pkcs11Library());
        out.println("  pkcs11-slot: " + section.pkcs11Slot());
        out.println("  pkcs11-key: " + section.pkcs11Key());
        out.println("  pkcs11-pin-file: " + section.pkcs11PinFile());
      } else if (section.byPassphrase()) {
        out.println("  passphrase-file: " + section.passphraseFile());
      } else {
        out.println("  file: " + section.file());
      }
      out.flush();
      return 0;
    }
  }

  /** What the pool is locked with from now on; one of them. */
  static final class Next {
    @Option(
        names = "--new-key-file",
        required = true,
        paramLabel = "FILE",
        description = "A key file; it is made if it is not there.")
    private @Nullable Path keyFile;

    @Option(
        names = "--new-passphrase-file",
        required = true,
        paramLabel = "FILE",
        description = "A file whose first line is the passphrase.")
    private @Nullable Path passphraseFile;

    @Option(
        names = "--new-config",
        required = true,
        paramLabel = "FILE",
        description = "A configuration whose section `keys` says it, as for a PKCS#11 token.")
    private @Nullable Path config;

    /** To be filled in by picocli. */
    Next() {}

    private KeysSection section() {
      if (keyFile != null) {
        return KeysSection.ofFile(keyFile.toAbsolutePath());
      }
      if (passphraseFile != null) {
        return KeysSection.ofPassphrase(passphraseFile.toAbsolutePath());
      }
      KeysSection section =
          (config == null ? ConfigLoader.defaults() : ConfigLoader.load(config)).keys();
      if (section.equals(ConfigLoader.defaults().keys())) {
        // Left out or misspelt, more likely than meant; and what is the default is hard to see.
        throw DvxException.of(Kind.INVALID, "The new configuration does not name a key")
            .cause("Its section `keys` is not there or names nothing")
            .remedy(
                "Add it, or name a key file, also the usual one: --new-key-file"
                    + " DATA/keys/pool.key; nothing was changed")
            .detail("file", config)
            .build();
      }
      return section;
    }
  }
}
