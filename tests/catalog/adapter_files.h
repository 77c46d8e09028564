#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::catalog {

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  ASSERT_TRUE(stream.good()) << path;
}

/// Writes a small but well-formed SD 1.5 LoRA in kohya naming. `value` makes its bytes differ.
inline void write_lora(const std::filesystem::path& path, float value,
                       const std::map<std::string, std::string>& metadata = {}) {
  constexpr std::int64_t kWidth = 320;
  const std::string layer = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.";
  std::vector<float> numbers(2 * kWidth + 1, value);
  nlohmann::json header;
  const auto tensor = [&](const char* part, std::vector<std::int64_t> shape, std::int64_t begin,
                          std::int64_t end) {
    header[layer + part] = {
        {"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin * 4, end * 4}}};
  };
  tensor("lora_down.weight", {1, kWidth}, 0, kWidth);
  tensor("lora_up.weight", {kWidth, 1}, kWidth, 2 * kWidth);
  tensor("alpha", {}, 2 * kWidth, 2 * kWidth + 1);
  if (!metadata.empty()) {
    header["__metadata__"] = metadata;
  }
  const std::string text = header.dump();
  std::string bytes(8, '\0');
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes += text;
  bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float));
  write_text(path, bytes);
}

}  // namespace stylus::catalog
