// Any bytes as a render job or a series: refused with Error, or read.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "render/job.h"
#include "render/series.h"
#include "support/error.h"
#include "support/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stylus::render;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const nlohmann::json root = stylus::parse_json(text, "fuzz");
    if (!root.is_object() || !root.contains("batches")) {
      (void)read_job(text);
      return 0;
    }
    const Series series = read_series(root);
    for (const nlohmann::json& batch : series.batches) {
      (void)read_batch(series.settings, batch);
    }
  } catch (const stylus::Error&) {
    return 0;  // refused, as it should be
  }
  return 0;
}
