#include "weights/layer_update.h"

#include <algorithm>
#include <optional>

namespace stylus::weights {
namespace {

constexpr std::array<std::string_view, 8> kAlgorithmNames = {"lora",  "loha", "lokr", "ia3",
                                                             "glora", "oft",  "full", "norm"};

std::int64_t dimension(const Tensor* tensor, std::size_t axis) {
  return tensor != nullptr && axis < tensor->shape.size() ? tensor->shape[axis] : 0;
}

/// 0 on overflow: a tensor without elements may announce any size.
std::int64_t product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? 0 : result;
}

/// One factor of a LoKr update, stored whole or as a product.
struct LokrFactor {
  const Tensor* whole;
  const Tensor* a;
  const Tensor* b;
  const Tensor* core;

  [[nodiscard]] std::int64_t rows() const {
    return whole != nullptr ? dimension(whole, 0) : dimension(a, core != nullptr ? 1 : 0);
  }
  [[nodiscard]] std::int64_t columns() const {
    return whole != nullptr ? dimension(whole, 1) : dimension(b, 1);
  }
};

LokrFactor lokr_factor(const LayerUpdate& layer, bool first) {
  return first ? LokrFactor{layer.part(Part::kLokrW1), layer.part(Part::kLokrW1A),
                            layer.part(Part::kLokrW1B), layer.part(Part::kLokrT1)}
               : LokrFactor{layer.part(Part::kLokrW2), layer.part(Part::kLokrW2A),
                            layer.part(Part::kLokrW2B), layer.part(Part::kLokrT2)};
}

/// The part whose shape tells inputs (axis 1) or outputs, for the algorithms with a plain factor.
const Tensor* input_factor(const LayerUpdate& layer) {
  switch (layer.algorithm) {
    case Algorithm::kLora:
      return layer.part(Part::kDown);
    case Algorithm::kLoha:
      return layer.part(Part::kHadaW1B);
    case Algorithm::kGlora:
      return glora_factors(layer).b_right;
    case Algorithm::kFull:
      return layer.part(Part::kDiff);
    default:
      return nullptr;
  }
}

}  // namespace

std::string_view algorithm_name(Algorithm algorithm) {
  return kAlgorithmNames[static_cast<std::size_t>(algorithm)];
}

GloraFactors glora_factors(const LayerUpdate& layer) {
  if (layer.algorithm != Algorithm::kGlora) {
    return {};
  }
  const Tensor* a1 = layer.part(Part::kGloraA1);
  const Tensor* a2 = layer.part(Part::kGloraA2);
  const Tensor* b1 = layer.part(Part::kGloraB1);
  const Tensor* b2 = layer.part(Part::kGloraB2);
  const auto all_are = [](std::int64_t size, std::initializer_list<std::int64_t> others) {
    return std::all_of(others.begin(), others.end(),
                       [&](std::int64_t other) { return other == size; });
  };
  const std::int64_t rows = dimension(a1, 0);
  const std::int64_t columns = dimension(a1, 1);
  const bool may_be_new = all_are(columns, {dimension(a2, 0), dimension(b1, 1), dimension(b2, 0)});
  const bool may_be_old = all_are(rows, {dimension(a2, 1), dimension(b1, 0), dimension(b2, 1)});
  // For a square layer both fit; the rank is the smaller side then.
  return may_be_old && (!may_be_new || rows < columns) ? GloraFactors{a2, a1, b2, b1}
                                                       : GloraFactors{a1, a2, b1, b2};
}

std::int64_t rank_of(const LayerUpdate& layer) {
  switch (layer.algorithm) {
    case Algorithm::kLora:
      return dimension(layer.part(Part::kDown), 0);
    case Algorithm::kLoha:
      return dimension(layer.part(Part::kHadaW1B), 0);
    case Algorithm::kLokr:
      return layer.has(Part::kLokrW2B) ? dimension(layer.part(Part::kLokrW2B), 0)
                                       : dimension(layer.part(Part::kLokrW1B), 0);
    case Algorithm::kGlora:
      return dimension(glora_factors(layer).b_right, 0);
    default:
      return 0;
  }
}

std::int64_t inputs_of(const LayerUpdate& layer) {
  if (layer.algorithm == Algorithm::kLokr) {
    return product(lokr_factor(layer, true).columns(), lokr_factor(layer, false).columns());
  }
  return dimension(input_factor(layer), 1);
}

std::int64_t outputs_of(const LayerUpdate& layer) {
  switch (layer.algorithm) {
    case Algorithm::kLora:
      return dimension(layer.part(Part::kUp), 0);
    case Algorithm::kLoha:
      return dimension(layer.part(Part::kHadaW1A), layer.has(Part::kHadaT1) ? 1 : 0);
    case Algorithm::kLokr:
      return product(lokr_factor(layer, true).rows(), lokr_factor(layer, false).rows());
    case Algorithm::kGlora:
      return dimension(glora_factors(layer).b_left, 0);
    case Algorithm::kFull:
      return dimension(layer.part(Part::kDiff), 0);
    default:
      return 0;
  }
}

bool is_convolution(const LayerUpdate& layer) {
  if (layer.algorithm == Algorithm::kOft) {
    return false;  // its blocks have three dimensions for linear layers too
  }
  return std::any_of(layer.parts.begin(), layer.parts.end(), [&](const Tensor* tensor) {
    return tensor != nullptr && tensor->shape.size() > 2 && tensor != layer.part(Part::kDoraScale);
  });
}

std::string flattened(std::string_view module) {
  std::string flat(module);
  std::replace(flat.begin(), flat.end(), '.', '_');
  return flat;
}

}  // namespace stylus::weights
