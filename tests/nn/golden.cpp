#include "tests/nn/golden.h"

#include <ATen/ops/abs.h>
#include <gtest/gtest.h>

#include <memory>

namespace stylus::nn {

Golden::Golden(const std::string& name) : name_(name) {
  const std::string path = std::string(STYLUS_TESTS_DIR) + "/golden/nn/" + name + ".safetensors";
  const auto file = std::make_shared<const weights::SafetensorsFile>(path);
  for (const weights::Tensor& tensor : file->tensors()) {
    const StoredTensor stored = {tensor, file, 0, 1, false};
    constexpr std::string_view kWeight = "weight.";
    if (tensor.name.starts_with(kWeight)) {
      weights_.emplace(tensor.name.substr(kWeight.size()), stored);
    } else {
      tensors_.emplace(tensor.name, stored);
    }
  }
  config_ = nlohmann::json::parse(file->metadata().at("config"));
  atol_ = std::stod(file->metadata().at("atol"));
  rtol_ = std::stod(file->metadata().at("rtol"));
}

at::Tensor Golden::tensor(std::string_view prefix, std::string_view name) const {
  const StoredTensor& stored = tensors_.at(std::string(prefix) + std::string(name));
  return tensor_from(stored.tensor, stored.owner);
}

void Golden::expect_output(std::string_view name, const at::Tensor& actual, double slack) const {
  const at::Tensor expected = output(name).to(at::kDouble);
  const std::string where = name_ + ", output " + std::string(name);
  ASSERT_EQ(actual.sizes(), expected.sizes()) << where;
  const at::Tensor off = actual.to(at::kDouble).sub(expected).abs();
  const at::Tensor allowed = expected.abs().mul(rtol_).add(atol_).mul(slack);
  const at::Tensor excess = off.div(allowed).flatten();
  const auto place = excess.argmax().item<std::int64_t>();
  // A NaN is the maximum for argmax and fails here.
  EXPECT_LE(excess[place].item<double>(), 1.0)
      << where << ": largest error " << off.max().item<double>() << ", worst at flat index "
      << place << ": " << actual.flatten()[place].item<double>() << " instead of "
      << expected.flatten()[place].item<double>();
}

}  // namespace stylus::nn
