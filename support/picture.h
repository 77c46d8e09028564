#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace stylus {

/// An 8-bit RGB picture, row by row from the top, three bytes a pixel.
struct Picture {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> rgb;  ///< width * height * 3 bytes.

  Picture() = default;
  /// All white.
  Picture(std::int64_t width, std::int64_t height);

  /// The first of the three bytes of a pixel. Requires: inside the picture.
  [[nodiscard]] std::uint8_t* pixel(std::int64_t x, std::int64_t y) {
    return rgb.data() + (y * width + x) * 3;
  }
  [[nodiscard]] const std::uint8_t* pixel(std::int64_t x, std::int64_t y) const {
    return rgb.data() + (y * width + x) * 3;
  }
};

/// Texts inside a PNG: keyword (1 to 79 characters of Latin-1) and UTF-8 text, in file order.
using PictureTexts = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::int64_t kMaxPictureSide = 16384;
inline constexpr std::int64_t kMaxPicturePixels = std::int64_t{1} << 26U;  ///< 8192 x 8192

/// Reads a PNG or a JPEG of any colour type; transparency is laid on white.
/// Requires: such a file of at most 64 MiB, kMaxPictureSide and kMaxPicturePixels, else
///           Error(kNotFound, kIo, kCorruptData), or Error(kUnsupported) for another format.
/// Memory:   the file and the decoded picture.
[[nodiscard]] Picture read_picture(const std::filesystem::path& path);

/// The same from bytes in memory; `what` names them in messages.
[[nodiscard]] Picture decode_picture(std::string_view bytes, const std::string& what);

/// PNG bytes. Texts in Latin-1 become tEXt chunks, others iTXt (PNG specification 11.3.4), so that
/// A1111 and the tools that read its "parameters" find them.
/// Ensures: the same picture and texts -> the same bytes (with one version of zlib).
[[nodiscard]] std::string encode_png(const Picture& picture, const PictureTexts& texts = {});

/// The texts of a PNG file (tEXt, zTXt, iTXt); at most 16 MiB each. Errors as decode_picture.
[[nodiscard]] PictureTexts read_png_texts(const std::filesystem::path& path);

}  // namespace stylus
