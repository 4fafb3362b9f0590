#include "writer_components.h"

#include <vsserror.h>

namespace dvx {
namespace {

constexpr size_t kMaxDocuments = 16u << 20;

std::string cdata(const std::wstring& text) {
  std::string out = toUtf8(text);
  for (size_t at = out.find("]]>"); at != std::string::npos; at = out.find("]]>", at + 15)) {
    out.replace(at, 3, "]]]]><![CDATA[>");
  }
  return "<![CDATA[" + out + "]]>";
}

std::string attribute(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

/** True when a selectable component stands above this one: it brings this one along. */
bool WriterComponents::hasAncestor(const Component& component, const std::vector<Component>& all) {
  for (const Component& other : all) {
    std::wstring above = other.path.empty() ? other.name : other.path + L"\\" + other.name;
    if (component.path == above ||
        component.path.compare(0, above.size() + 1, above + L"\\") == 0) {
      return true;
    }
  }
  return false;
}

bool WriterComponents::add(IVssBackupComponents* backup, VssCalls& calls, ULONGLONG deadline) {
  Com<IVssAsync> async;
  if (!calls.run(backup->GatherWriterMetadata(async.out()), async, deadline, "GatherWriterMetadata")) {
    return false;
  }
  UINT count = 0;
  if (!calls.check(backup->GetWriterMetadataCount(&count), "GetWriterMetadataCount")) {
    return false;
  }
  for (UINT i = 0; i < count; i++) {
    VSS_ID instance = {};
    Com<IVssExamineWriterMetadata> metadata;
    if (!calls.check(backup->GetWriterMetadata(i, &instance, metadata.out()), "GetWriterMetadata") ||
        !addWriter(backup, calls, metadata.get())) {
      return false;
    }
  }
  return true;
}

bool WriterComponents::addWriter(IVssBackupComponents* backup, VssCalls& calls,
                                 IVssExamineWriterMetadata* metadata) {
  VSS_ID instance = {}, writer = {};
  BSTR name = nullptr;
  VSS_USAGE_TYPE usage;
  VSS_SOURCE_TYPE source;
  if (!calls.check(metadata->GetIdentity(&instance, &writer, &name, &usage, &source), "GetIdentity")) {
    return false;
  }
  Document document = {toUtf8(takeText(name)), writer, std::wstring()};
  BSTR xml = nullptr;
  if (SUCCEEDED(metadata->SaveAsXML(&xml))) {
    document.xml = takeText(xml);
  }
  documents_.push_back(document);
  UINT includes = 0, excludes = 0, count = 0;
  if (!calls.check(metadata->GetFileCounts(&includes, &excludes, &count), "GetFileCounts")) {
    return false;
  }
  std::vector<Component> selectable;
  for (UINT i = 0; i < count; i++) {
    Com<IVssWMComponent> component;
    PVSSCOMPONENTINFO info = nullptr;
    if (!calls.check(metadata->GetComponent(i, component.out()), "GetComponent") ||
        !calls.check(component->GetComponentInfo(&info), "GetComponentInfo")) {
      return false;
    }
    // What is not selectable comes along with the component above it.
    if (info->bSelectable) {
      selectable.push_back({instance, writer, info->type,
                            info->bstrLogicalPath == nullptr ? L"" : info->bstrLogicalPath,
                            info->bstrComponentName == nullptr ? L"" : info->bstrComponentName});
    }
    component->FreeComponentInfo(info);
  }
  for (const Component& one : selectable) {
    if (!hasAncestor(one, selectable) && !addOne(backup, calls, one)) {
      return false;
    }
  }
  if (selectable.empty()) {
    // Nothing of this writer can be restored by component; the System Writer's list of files
    // alone would be megabytes.
    documents_.pop_back();
  }
  return true;
}

bool WriterComponents::addOne(IVssBackupComponents* backup, VssCalls& calls,
                              const Component& added) {
  HRESULT result =
      backup->AddComponent(added.instance, added.writer, added.type,
                           added.path.empty() ? nullptr : added.path.c_str(), added.name.c_str());
  if (result == VSS_E_OBJECT_ALREADY_EXISTS) {
    return true;
  }
  if (!calls.check(result, "AddComponent")) {
    return false;
  }
  components_.push_back(added);
  return true;
}

bool WriterComponents::setSucceeded(IVssBackupComponents* backup, VssCalls& calls,
                                    bool succeeded) const {
  bool good = true;
  for (const Component& one : components_) {
    good &= calls.check(
        backup->SetBackupSucceeded(one.instance, one.writer, one.type,
                                   one.path.empty() ? nullptr : one.path.c_str(), one.name.c_str(),
                                   succeeded),
        "SetBackupSucceeded");
  }
  return good;
}

std::string WriterComponents::documents(IVssBackupComponents* backup) const {
  BSTR xml = nullptr;
  std::wstring own;
  if (SUCCEEDED(backup->SaveAsXML(&xml))) {
    own = takeText(xml);
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<dvxWriterDocuments version=\"1\">\n";
  out += "<document kind=\"backup-components\">" + cdata(own) + "</document>\n";
  size_t left = 0;
  for (const Document& document : documents_) {
    std::string body = cdata(document.xml);
    if (out.size() + body.size() + 4096 > kMaxDocuments) {
      left++;
      continue;
    }
    out += "<document kind=\"writer-metadata\" writer=\"" + attribute(document.name) + "\" id=\"" +
           guidPlain(document.id) + "\">" + body + "</document>\n";
  }
  if (left != 0) {
    out += "<!-- " + std::to_string(left) + " documents left out: over 16 MiB -->\n";
  }
  return out + "</dvxWriterDocuments>\n";
}

}  // namespace dvx
