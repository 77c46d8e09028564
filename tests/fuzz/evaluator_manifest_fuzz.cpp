// Any bytes as a run file and as a judge's reply: refused with an Error, or written and read again
// without a change. Files that a run names are not there.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "evaluator/judging.h"
#include "evaluator/manifest.h"
#include "support/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)stylus::evaluator::read_verdict(text);
  std::string written;
  try {
    written = manifest_json(stylus::evaluator::read_manifest(text, "input", "/nowhere"));
  } catch (const stylus::Error&) {
    return 0;
  }
  if (manifest_json(stylus::evaluator::read_manifest(written, "written", "/")) != written) {
    std::abort();
  }
  return 0;
}
