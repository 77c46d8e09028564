#include "generator/textual_inversion.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::generator {
namespace {

struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;
  float value;
};

/// Writes a safetensors file of constant fp32 tensors.
std::filesystem::path write(const std::filesystem::path& path, const std::vector<Entry>& entries) {
  nlohmann::json header = nlohmann::json::object();
  std::string data;
  for (const Entry& entry : entries) {
    std::size_t count = 1;
    for (const std::int64_t size : entry.shape) {
      count *= static_cast<std::size_t>(size);
    }
    const std::size_t begin = data.size();
    for (std::size_t i = 0; i < count; ++i) {
      data.append(reinterpret_cast<const char*>(&entry.value), sizeof(entry.value));
    }
    header[entry.name] = {
        {"dtype", "F32"}, {"shape", entry.shape}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), sizeof(length));
  out << text << data;
  return path;
}

class ReadTextualInversion : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file(const std::string& name,
                                           const std::vector<Entry>& entries) const {
    return write(folder_.path() / name, entries);
  }
  [[nodiscard]] std::optional<ErrorCode> code(const std::vector<Entry>& entries) const {
    return error_code_of([&] { return read_textual_inversion(file("x.safetensors", entries)); });
  }
  TempDir folder_;
};

TEST_F(ReadTextualInversion, OfA1111) {
  const TextualInversion word =
      read_textual_inversion(file("easy-negative.safetensors", {{"emb_params", {3, 8}, 0.5F}}));

  EXPECT_EQ(word.name, "easy-negative");
  ASSERT_EQ(word.vectors.size(), 1U);
  EXPECT_EQ(word.count(), 3);
  EXPECT_EQ(word.vectors[0].sizes(), at::IntArrayRef({3, 8}));
  EXPECT_EQ(word.vectors[0][2][7].item<float>(), 0.5F);
}

TEST_F(ReadTextualInversion, OfDiffusers) {
  const TextualInversion word =
      read_textual_inversion(file("learned_embeds.safetensors", {{"<cat-toy>", {8}, 1.0F}}));

  EXPECT_EQ(word.name, "<cat-toy>");
  EXPECT_EQ(word.vectors.at(0).sizes(), at::IntArrayRef({1, 8}));
}

TEST_F(ReadTextualInversion, ForSdxl) {
  const TextualInversion word = read_textual_inversion(
      file("ink.safetensors", {{"clip_g", {2, 12}, 2.0F}, {"clip_l", {2, 8}, 1.0F}}));

  EXPECT_EQ(word.name, "ink");
  ASSERT_EQ(word.vectors.size(), 2U);
  EXPECT_EQ(word.vectors[0].size(1), 8);
  EXPECT_EQ(word.vectors[1].size(1), 12);
}

TEST_F(ReadTextualInversion, RefusesOtherFiles) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

  EXPECT_EQ(code({{"a", {1, 8}, 0}, {"b", {1, 8}, 0}}), ErrorCode::kCorruptData);
  EXPECT_EQ(code({{"clip_l", {1, 8}, 0}}), ErrorCode::kCorruptData);
  EXPECT_EQ(code({{"clip_l", {1, 8}, 0}, {"clip_g", {2, 12}, 0}}), ErrorCode::kCorruptData);
  EXPECT_EQ(code({{"emb_params", {1, 2, 4}, 0}}), ErrorCode::kCorruptData);
  EXPECT_EQ(code({{"emb_params", {0, 8}, 0}}), ErrorCode::kCorruptData);
  EXPECT_EQ(code({{"emb_params", {1025, 1}, 0}}), ErrorCode::kCorruptData);
  EXPECT_EQ(code({{"emb_params", {1, 8}, kNan}}), ErrorCode::kCorruptData);
  EXPECT_EQ(error_code_of([&] { return read_textual_inversion(folder_.path() / "x.pt"); }),
            ErrorCode::kUnsupported);
  EXPECT_EQ(
      error_code_of([&] { return read_textual_inversion(folder_.path() / "no.safetensors"); }),
      ErrorCode::kNotFound);
}

}  // namespace
}  // namespace stylus::generator
