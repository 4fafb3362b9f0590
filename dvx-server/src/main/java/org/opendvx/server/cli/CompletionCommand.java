package org.opendvx.server.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "completion",
    description = "Print a script that lets a shell complete dvx.",
    footer = {"", "bash: source <(dvx completion bash)", "zsh:  source <(dvx completion zsh)"})
final class CompletionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
  private Shell shell;

  /** Shells; named as they are written. */
  @SuppressWarnings("MemberName") // picocli shows and reads the names as they are
  enum Shell {
    bash,
    zsh
  }

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  CompletionCommand() {}

  @Override
  public Integer call() {
    // zsh runs the same script through its bashcompinit, which the script itself loads.
    String script = AutoComplete.bash("dvx", spec.root().commandLine());
    spec.commandLine().getOut().print(script);
    if (shell == Shell.zsh) {
      spec.commandLine().getOut().println("autoload -U +X bashcompinit && bashcompinit");
    }
    spec.commandLine().getOut().flush();
    return 0;
  }
}
