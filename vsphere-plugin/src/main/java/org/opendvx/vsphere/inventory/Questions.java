package org.opendvx.vsphere.inventory;

import com.vmware.vim25.ElementDescription;
import com.vmware.vim25.VirtualMachineMessage;
import com.vmware.vim25.VirtualMachineQuestionInfo;
import java.util.Locale;
import java.util.Optional;

/** Answers the one question that a copied machine asks, and no other. */
final class Questions {
  private Questions() {}

  /** The key of the choice "I copied it", if that is what is being asked. */
  static Optional<String> copied(VirtualMachineQuestionInfo question) {
    if (!asksWhetherCopied(question)
        || question.getChoice() == null
        || question.getChoice().getChoiceInfo() == null) {
      return Optional.empty();
    }
    for (ElementDescription each : question.getChoice().getChoiceInfo()) {
      String words = (each.getLabel() + " " + each.getSummary()).toLowerCase(Locale.ROOT);
      if (words.contains("copied") || words.contains("copy")) {
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
