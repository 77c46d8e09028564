// Any bytes as a scheduler_config.json: refused, or options with finite numbers and a name. The
// first byte chooses the sampler that is asked for.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "generator/sampler_options.h"
#include "support/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const auto& names = stylus::generator::sampler_names();
  const std::size_t choice = data[0] % (names.size() + 1);
  const std::string_view name = choice < names.size() ? names[choice] : std::string_view();
  const std::string_view json(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    const auto options = stylus::generator::read_sampler_options(json, "fuzz", name);
    const std::string own = stylus::generator::sampler_name(options);
    if (!std::isfinite(options.beta_start) || !std::isfinite(options.beta_end) || own.empty() ||
        (!name.empty() && own != name)) {
      std::abort();
    }
  } catch (const stylus::Error&) {
    // Refused, as it should be.
  }
  return 0;
}
