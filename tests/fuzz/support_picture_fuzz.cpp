// Any bytes as a PNG or JPEG: refused, or a picture with as many bytes as its sides say. Start
// pictures, masks and references come in through here.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "support/error.h"
#include "support/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const stylus::Picture picture =
        stylus::decode_picture({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (picture.width < 1 || picture.height < 1 || picture.width > stylus::kMaxPictureSide ||
        picture.height > stylus::kMaxPictureSide ||
        picture.rgb.size() != static_cast<std::size_t>(picture.width * picture.height * 3)) {
      std::abort();
    }
  } catch (const stylus::Error&) {
    return 0;  // refused, as it should be
  }
  return 0;
}
