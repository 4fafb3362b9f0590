// What the writers want to have backed up, and their documents.
#pragma once

#include <string>
#include <vector>

#include "vss_calls.h"

namespace dvx {

class WriterComponents {
 public:
  /** Asks every writer and adds its selectable components to the backup. */
  bool add(IVssBackupComponents* backup, VssCalls& calls, ULONGLONG deadline);

  /** Tells the writers how it went. */
  bool setSucceeded(IVssBackupComponents* backup, VssCalls& calls, bool succeeded) const;

  /** The backup's own document and the writers', UTF-8 XML, at most 16 MiB. */
  std::string documents(IVssBackupComponents* backup) const;

 private:
  struct Component {
    GUID instance;
    GUID writer;
    VSS_COMPONENT_TYPE type;
    std::wstring path;
    std::wstring name;
  };
  struct Document {
    std::string name;
    GUID id;
    std::wstring xml;
  };

  bool addWriter(IVssBackupComponents* backup, VssCalls& calls, IVssExamineWriterMetadata* metadata);
  bool addOne(IVssBackupComponents* backup, VssCalls& calls, const Component& added);
  static bool hasAncestor(const Component& component, const std::vector<Component>& all);

  std::vector<Component> components_;
  std::vector<Document> documents_;
};

}  // namespace dvx
