package org.opendvx.vsphere.inventory;

import com.vmware.vim25.ElementDescription;
import com.vmware.vim25.VirtualMachineMessage;
import com.vmware.vim25.VirtualMachineQuestionInfo;
import java.util.Locale;
import java.util.Optional;

/** Answers the one question that a machine asks whose files are in a new place, and no other. */
final class Questions {
  private Questions() {}

  /**
   * The key of the choice "I copied it" or "I moved it", if that is what is being asked.
   *
   * @param copy whether the machine is a copy, and gets an identity of its own, or is the one that
   *     it was and keeps it
   */
  static Optional<String> answer(VirtualMachineQuestionInfo question, boolean copy) {
    if (!asksWhetherCopied(question)
        || question.getChoice() == null
        || question.getChoice().getChoiceInfo() == null) {
      return Optional.empty();
    }
    // Labels seen: "I _copied it", "button.uuid.copiedTheVM" and the same of "moved".
    for (ElementDescription each : question.getChoice().getChoiceInfo()) {
      String words = (each.getLabel() + " " + each.getSummary()).toLowerCase(Locale.ROOT);
      if (copy ? words.contains("copied") || words.contains("copy") : words.contains("moved")) {
        return Optional.ofNullable(each.getKey());
      }
    }
    return Optional.empty();
  }

  private static boolean asksWhetherCopied(VirtualMachineQuestionInfo question) {
    if (question.getMessage() != null) {
      for (VirtualMachineMessage each : question.getMessage()) {
        if (String.valueOf(each.getId()).startsWith("msg.uuid")) {
          return true;
        }
      }
    }
    return String.valueOf(question.getText()).contains("msg.uuid");
  }
}
