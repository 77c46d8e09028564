// Any bytes as a plan: refused with an Error, or written and read again without a change.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "composer/plan.h"
#include "support/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string written;
  try {
    written = plan_to_json(stylus::composer::plan_from_json(text, "input"));
  } catch (const stylus::Error&) {
    return 0;
  }
  if (plan_to_json(stylus::composer::plan_from_json(written, "written")) != written) {
    std::abort();
  }
  return 0;
}
