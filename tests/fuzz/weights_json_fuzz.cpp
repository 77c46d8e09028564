// Any text as JSON within limits: Error(kCorruptData), or a value that prints and reads back equal.
// Also the readers of PEFT's configuration, which sit on it, and the UTF-8 helpers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "support/error.h"
#include "support/json.h"
#include "support/text.h"
#include "weights/adapter_config.h"

namespace {

template <typename Action>
void expect_value_or_refusal(Action action) {
  try {
    action();
  } catch (const stylus::Error& error) {
    if (error.code() != stylus::ErrorCode::kCorruptData) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  expect_value_or_refusal([&] {
    const nlohmann::json value = stylus::parse_json(text, "fuzz input");
    if (stylus::parse_json(value.dump(), "printed") != value) {
      std::abort();
    }
  });
  expect_value_or_refusal([&] {
    (void)stylus::parse_json(text, "fuzz input", {.max_depth = 3, .reject_duplicate_keys = true});
  });
  expect_value_or_refusal([&] { (void)stylus::weights::parse_adapter_config(text, "config"); });
  expect_value_or_refusal(
      [&] { (void)stylus::weights::parse_adapter_metadata(text, "metadata").find("unet"); });
  const std::string repaired = stylus::repair_utf8(text);
  const std::string lower = stylus::to_lower(repaired);
  if (!stylus::is_valid_utf8(repaired) || !stylus::is_valid_utf8(lower) ||
      !stylus::is_valid_utf8(stylus::truncate_utf8(repaired, size / 2))) {
    std::abort();
  }
  return 0;
}
