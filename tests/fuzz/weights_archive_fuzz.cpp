// Any bytes as an archive: the member list stays inside the input and is text; a file that looks
// like a foreign format is refused with Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "support/error.h"
#include "support/text.h"
#include "weights/foreign_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> file = std::as_bytes(std::span(data, size));
  constexpr std::size_t kLimit = 1000;
  const auto names = stylus::weights::list_zip_members(file, kLimit);
  std::size_t bytes = 0;
  for (const std::string& name : names) {
    bytes += name.size();
    if (!stylus::is_valid_utf8(name)) {
      std::abort();
    }
  }
  if (names.size() > kLimit || bytes > 3 * size) {  // a byte may become U+FFFD, three bytes
    std::abort();
  }
  try {
    stylus::weights::refuse_foreign_format(file, "fuzz input");
  } catch (const stylus::Error&) {
    return 0;
  }
  return 0;
}
