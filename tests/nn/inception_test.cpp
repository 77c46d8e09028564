#include "nn/inception.h"

#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/error_code_of.h"
#include "weights/safetensors_file.h"

namespace stylus::nn {
namespace {

/// The numbers of tests/golden/goldens/evaluator.py.
double number(std::uint64_t seed, std::uint64_t column) {
  std::uint64_t z = (seed << 44U) + column;
  z = (z + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  z ^= z >> 31U;
  return static_cast<double>(z >> 40U) / 16777216.0;
}

/// The weights that the golden was made with, by the names and shapes that it holds.
StoredTensors golden_weights(const nlohmann::json& shapes) {
  StoredTensors tensors;
  std::uint64_t seed = 1000;
  for (const auto& [name, shape] : shapes.items()) {
    weights::Tensor tensor;
    tensor.name = name;
    tensor.shape = shape.get<std::vector<std::int64_t>>();
    const auto values =
        std::make_shared<std::vector<float>>(static_cast<std::size_t>(tensor.element_count()));
    const bool is_conv = name.ends_with("conv.weight");
    const bool is_scale = name.ends_with("bn.weight") || name.ends_with("running_var");
    const double fan_in =
        static_cast<double>(tensor.element_count()) / static_cast<double>(tensor.shape[0]);
    for (std::size_t i = 0; i < values->size(); ++i) {
      const double u = number(seed, i);
      (*values)[i] = static_cast<float>(is_conv    ? (u - 0.5) * std::sqrt(24 / fan_in)
                                        : is_scale ? u * 0.5 + 0.75
                                                   : (u - 0.5) * 0.2);
    }
    ++seed;
    tensor.bytes = std::as_bytes(std::span(*values));
    StoredTensor stored;
    stored.tensor = tensor;
    stored.owner = values;
    tensors.emplace(name, stored);
  }
  return tensors;
}

TEST(Inception, EqualsPytorchFid) {
  const c10::InferenceMode mode;
  const weights::SafetensorsFile golden(std::filesystem::path(STYLUS_TESTS_DIR) /
                                        "golden/nn/inception.safetensors");
  const StoredTensors tensors =
      golden_weights(nlohmann::json::parse(golden.metadata().at("shapes")));
  TensorSource source(tensors, "golden", {});
  const Inception network(source);
  source.finish();
  std::vector<float> pixels(3 * 299 * 299);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<float>(number(7, i)) * 2 - 1;
  }

  const at::Tensor found =
      network.forward(at::from_blob(pixels.data(), {1, 3, 299, 299}, at::TensorOptions(at::kFloat)))
          .contiguous();

  const weights::Tensor* expected = golden.find("features");
  ASSERT_EQ(found.numel() * 4, static_cast<std::int64_t>(expected->bytes.size()));
  for (std::int64_t i = 0; i < found.numel(); ++i) {
    float wanted = 0;
    std::memcpy(&wanted, expected->bytes.data() + i * 4, 4);
    ASSERT_NEAR(found.const_data_ptr<float>()[i], wanted, 1e-4 * (1 + std::abs(wanted))) << i;
  }
}

}  // namespace
}  // namespace stylus::nn
