#pragma once

#include <filesystem>

namespace stylus::render {

/// Where picture `image` of `count` goes: `output` itself, or out-1.png, out-2.png, … with as many
/// digits as the count has.
[[nodiscard]] std::filesystem::path picture_file(const std::filesystem::path& output,
                                                 std::size_t image, std::size_t count);

/// Where looks at a picture on the way go: out.preview.png beside out.png.
[[nodiscard]] std::filesystem::path preview_file(const std::filesystem::path& picture);

}  // namespace stylus::render
