#include "vss_calls.h"

namespace dvx {

std::string vssMessage(HRESULT code) {
  switch (static_cast<unsigned long>(code)) {
    case 0x80042301ul:
      return "VSS is in a state that does not allow the call";
    case 0x80042304ul:
      return "the provider is not registered; run `dvx-agent repair`";
    case 0x80042306ul:
      return "the provider refused the snapshot set";
    case 0x8004230Cul:
      return "VSS does not support a volume of the set";
    case 0x8004230Eul:
      return "the provider does not support a volume of the set";
    case 0x8004230Ful:
      return "the provider failed unexpectedly; see the System and Application event logs";
    case 0x80042312ul:
      return "the set has more volumes than VSS allows";
    case 0x80042313ul:
      return "file systems were not flushed in time";
    case 0x80042314ul:
      return "Windows gave up the hold after its own limit of 10 s";
    case 0x80042316ul:
      return "another program is taking a snapshot at this moment";
    case 0x80042318ul:
      return "a writer's infrastructure failed; see `vssadmin list writers`";
    case 0x80042319ul:
      return "a writer does not respond; see `vssadmin list writers`";
    case 0x8004231Bul:
      return "VSS does not support this kind of snapshot here";
    case 0x80042336ul:
      return "a part of the components of a writer failed";
    case 0x800423F0ul:
      return "the writer's snapshot holds only part of its volumes";
    case 0x800423F1ul:
      return "the writer ran out of resources";
    case 0x800423F2ul:
      return "the writer did not freeze or thaw in time";
    case 0x800423F3ul:
      return "the writer failed, and may succeed if tried again";
    case 0x800423F4ul:
      return "the writer failed, and will fail again until its cause is removed";
    default:
      return systemMessage(static_cast<unsigned long>(code));
  }
}

}  // namespace dvx
