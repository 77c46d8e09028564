#include "nn/tensor_source.h"

#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "nn/device.h"
#include "nn/guard.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"
#include "tests/weights/safetensors_builder.h"

namespace stylus::nn {
namespace {

using testing::HasSubstr;
using weights::SafetensorsBuilder;

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A file with "a" [2, 3] fp32 (0 to 5), "b" [6, 2] fp32 (0 to 11), "half" [2] fp16 (1, -2).
StoredTensors example(const TempDir& folder) {
  SafetensorsBuilder builder;
  builder.add_f32("a", {2, 3}, {0, 1, 2, 3, 4, 5});
  builder.add_f32("b", {6, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  builder.add("half", "F16", {2}, std::string("\x00\x3c\x00\xc0", 4));
  write_file(folder / "example.safetensors", builder.bytes());
  return read_stored_tensors(folder / "example.safetensors");
}

std::vector<float> values_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kFloat).contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

TEST(TensorSource, HandsOutTheMappedBytesWhereTheDtypeFits) {
  const TempDir folder;
  const StoredTensors tensors = example(folder);
  TensorSource source(tensors, "example", {});
  const at::Tensor a = source.take("a", std::array<std::int64_t, 2>{2, 3});
  EXPECT_EQ(values_of(a), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(a.const_data_ptr(), tensors.at("a").tensor.bytes.data());
}

TEST(TensorSource, RemembersWhatItConverted) {
  const TempDir folder;
  const StoredTensors tensors = example(folder);
  TensorSource source(tensors, "example", {});
  constexpr std::array<std::int64_t, 1> kTwo = {2};
  EXPECT_EQ(values_of(source.take("half", kTwo)), (std::vector<float>{1, -2}));
  const at::Tensor stored = source.unconverted("half", kTwo);
  EXPECT_EQ(stored.scalar_type(), at::kHalf);
  EXPECT_EQ(stored.const_data_ptr(), tensors.at("half").tensor.bytes.data());
  EXPECT_FALSE(source.unconverted("a", std::array<std::int64_t, 2>{2, 3}).defined());
}

TEST(TensorSource, KeepsTheMappingAliveAsLongAsATensor) {
  const TempDir folder;
  at::Tensor a;
  {
    const StoredTensors tensors = example(folder);
    TensorSource source(tensors, "example", {});
    a = source.take("a", std::array<std::int64_t, 2>{2, 3});
  }
  EXPECT_EQ(values_of(a)[5], 5.0F);
}

TEST(TensorSource, ConvertsPrecision) {
  const TempDir folder;
  const StoredTensors tensors = example(folder);
  TensorSource full(tensors, "example", {});
  const at::Tensor widened = full.take("half", std::array<std::int64_t, 1>{2});
  EXPECT_EQ(widened.scalar_type(), at::kFloat);
  EXPECT_EQ(values_of(widened), (std::vector<float>{1, -2}));
  TensorOptions options;
  options.dtype = at::kBFloat16;
  TensorSource brief(tensors, "example", options);
  EXPECT_EQ(brief.take("a", std::array<std::int64_t, 2>{2, 3}).scalar_type(), at::kBFloat16);
}

TEST(TensorSource, TakesPartsAndTransposes) {
  const TempDir folder;
  StoredTensors tensors = example(folder);
  StoredTensor middle = tensors.at("b");
  middle.part = 1;
  middle.parts = 3;
  tensors["middle"] = middle;
  StoredTensor turned = tensors.at("a");
  turned.transposed = true;
  tensors["turned"] = turned;
  TensorSource source(tensors, "example", {});
  EXPECT_EQ(values_of(source.take("middle", std::array<std::int64_t, 2>{2, 2})),
            (std::vector<float>{4, 5, 6, 7}));
  EXPECT_EQ(values_of(source.take("turned", std::array<std::int64_t, 2>{3, 2})),
            (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(TensorSource, AllowsOnesAtTheEndOnly) {
  const TempDir folder;
  const StoredTensors tensors = example(folder);
  TensorSource source(tensors, "example", {});
  EXPECT_EQ(source.take("a", std::array<std::int64_t, 4>{2, 3, 1, 1}).dim(), 4);
  EXPECT_EQ(error_code_of([&] {
              return source.take("a", std::array<std::int64_t, 2>{3, 2});
            }),
            ErrorCode::kCorruptData);
}

TEST(TensorSource, NamesAllFaultsAtOnceWhenItOnlyChecks) {
  const TempDir folder;
  const StoredTensors tensors = example(folder);
  TensorOptions meta;
  meta.device = at::kMeta;
  TensorSource source(tensors, "example", meta);
  (void)source.take("a", std::array<std::int64_t, 2>{2, 4});
  (void)source.take("lost", std::array<std::int64_t, 1>{1});
  (void)source.take("b", std::array<std::int64_t, 2>{6, 2});
  const std::string message = error_message_of([&] {
    source.finish();
    return 0;
  });
  EXPECT_THAT(message, HasSubstr("1 tensor missing: 'lost'"));
  EXPECT_THAT(message, HasSubstr("'a' is [2, 3] and must be [2, 4]"));
  EXPECT_THAT(message, HasSubstr("1 tensor unexpected: 'half'"));
}

TEST(TensorSource, ReadsMisalignedTensors) {
  const TempDir folder;
  SafetensorsBuilder builder;
  builder.add("odd", "U8", {1}, "x");
  builder.add_f32("a", {2}, {1.5F, 2.5F});
  write_file(folder / "odd.safetensors", builder.bytes());
  const StoredTensors tensors = read_stored_tensors(folder / "odd.safetensors");
  TensorSource source(tensors, "odd", {});
  EXPECT_EQ(values_of(source.take("a", std::array<std::int64_t, 1>{2})),
            (std::vector<float>{1.5F, 2.5F}));
}

TEST(ReadStoredTensors, JoinsTheShardsOfAnIndex) {
  const TempDir folder;
  write_file(folder / "1.safetensors", SafetensorsBuilder().add_f32("a", {1}, {1}).bytes());
  write_file(folder / "2.safetensors", SafetensorsBuilder().add_f32("b", {1}, {2}).bytes());
  const auto index = folder / "model.safetensors.index.json";
  const auto read = [&](const std::string& map) {
    write_file(index, R"({"weight_map": )" + map + "}");
    return read_stored_tensors(index);
  };
  EXPECT_EQ(read(R"({"a": "1.safetensors", "b": "2.safetensors"})").size(), 2U);
  for (const char* map : {R"({"a": "1.safetensors", "c": "2.safetensors"})", R"(["a"])",
                          R"({"a": "../1.safetensors"})", R"({"a": 1})", R"({"a": ""})"}) {
    EXPECT_EQ(error_code_of([&] { return read(map); }), ErrorCode::kCorruptData) << map;
  }
  EXPECT_EQ(error_code_of([&] { return read(R"({"a": "3.safetensors"})"); }), ErrorCode::kNotFound);
}

TEST(Guard, TurnsFailedAllocationsIntoErrors) {
  const auto code = [](auto action) {
    return error_code_of([&] {
      guarded("model", action);
      return 0;
    });
  };
  EXPECT_EQ(code([] { throw std::bad_alloc(); }), ErrorCode::kUnavailable);
  constexpr std::int64_t kFarTooMany = std::int64_t{1} << 50U;
  const std::string message =
      error_message_of([&] { return guarded("model", [&] { return at::zeros({kFarTooMany}); }); });
  EXPECT_THAT(message, HasSubstr("model: out of memory"));
}

TEST(Device, OpensTheCpuAndRefusesOtherNames) {
  EXPECT_TRUE(open_device("cpu").is_cpu());
  for (const char* name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "mps"}) {
    EXPECT_EQ(error_code_of([&] { return open_device(name); }), ErrorCode::kInvalidArgument)
        << name;
  }
  EXPECT_FALSE(describe_device(open_device("cpu")).empty());
}

TEST(Device, SaysWhyCudaCannotBeUsedOrUsesIt) {
  const c10::Device automatic = open_device("auto");
  if (automatic.is_cpu()) {
    EXPECT_EQ(error_code_of([&] { return open_device("cuda"); }), ErrorCode::kUnavailable);
  } else {
    EXPECT_TRUE(open_device("cuda").is_cuda());
    EXPECT_EQ(error_code_of([&] { return open_device("cuda:99"); }), ErrorCode::kUnavailable);
  }
}

}  // namespace
}  // namespace stylus::nn
