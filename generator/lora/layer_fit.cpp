#include "generator/lora/layer_fit.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "generator/lora/rotations.h"
#include "weights/scalar_value.h"
#include "weights/shown_name.h"

namespace stylus::generator {
namespace {

using weights::Algorithm;
using weights::LayerUpdate;
using weights::Part;

constexpr std::int64_t kUnknown = -1;

/// kUnknown on overflow: foreign shapes may announce any size.
std::int64_t product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &result) ? kUnknown : result;
}

std::int64_t product_from(const std::vector<std::int64_t>& shape, std::size_t axis) {
  std::int64_t result = 1;
  for (std::size_t i = axis; i < shape.size(); ++i) {
    result = product(result, shape[i]);
  }
  return result;
}

/// Rows and columns of an update: outputs, and inputs times kernel.
struct Extent {
  std::int64_t rows = kUnknown;
  std::int64_t columns = kUnknown;
};

/// left [O, r] times right [r, N], or transposed left [r, O], core [r, r, k, k] and right [r, I].
Extent product_extent(const weights::Tensor& left, const weights::Tensor& right,
                      const weights::Tensor* core) {
  if (core == nullptr) {
    return {left.shape[0], product_from(right.shape, 1)};
  }
  return {left.shape[1], product(right.shape[1], product_from(core->shape, 2))};
}

Extent extent_of(const LayerUpdate& update) {
  const auto part = [&](Part which) { return update.part(which); };
  switch (update.algorithm) {
    case Algorithm::kLora: {
      const std::int64_t area =
          update.has(Part::kMid) ? product_from(part(Part::kMid)->shape, 2) : 1;
      return {part(Part::kUp)->shape[0], product(product_from(part(Part::kDown)->shape, 1), area)};
    }
    case Algorithm::kLoha:
      return product_extent(*part(Part::kHadaW1A), *part(Part::kHadaW1B), part(Part::kHadaT1));
    case Algorithm::kLokr: {
      const auto side = [&](Part whole, Part a, Part b, Part core) {
        return update.has(whole)
                   ? Extent{part(whole)->shape[0], product_from(part(whole)->shape, 1)}
                   : product_extent(*part(a), *part(b), part(core));
      };
      const Extent one = side(Part::kLokrW1, Part::kLokrW1A, Part::kLokrW1B, Part::kLokrT1);
      const Extent two = side(Part::kLokrW2, Part::kLokrW2A, Part::kLokrW2B, Part::kLokrT2);
      return {product(one.rows, two.rows), product(one.columns, two.columns)};
    }
    case Algorithm::kFull: {
      const weights::Tensor* whole =
          update.has(Part::kSetWeight) ? part(Part::kSetWeight) : part(Part::kDiff);
      if (whole != nullptr) {
        return whole->shape.empty() ? Extent{}
                                    : Extent{whole->shape[0], product_from(whole->shape, 1)};
      }
      return {part(Part::kDiffBias)->element_count(), 0};
    }
    case Algorithm::kNorm: {
      if (update.has(Part::kNormDiff)) {
        return {part(Part::kNormDiff)->element_count(), 1};
      }
      return update.has(Part::kNormBiasDiff) ? Extent{part(Part::kNormBiasDiff)->element_count(), 0}
                                             : Extent{};
    }
    case Algorithm::kGlora: {
      const weights::GloraFactors parts = weights::glora_factors(update);
      return product_extent(*parts.b_left, *parts.b_right, nullptr);
    }
    default:
      return {};
  }
}

std::int64_t kernel_area(at::IntArrayRef sizes) {
  std::int64_t area = 1;
  for (std::size_t i = 2; i < sizes.size(); ++i) {
    area *= sizes[i];
  }
  return area;
}

/// Inpainting models widen the first convolution from 4 latent channels to 9; so do others to 8.
bool is_widened_latent_input(std::int64_t update_inputs, std::int64_t layer_inputs) {
  return update_inputs == 4 && (layer_inputs == 8 || layer_inputs == 9);
}

std::string channels_misfit(const LayerUpdate& update, at::IntArrayRef sizes) {
  const std::int64_t count = update.part(Part::kIa3Weight)->element_count();
  const double on_input = weights::scalar_value(*update.part(Part::kIa3OnInput));
  if (!std::isfinite(on_input)) {
    return "its IA3 flag 'on_input' is no number";
  }
  const std::int64_t channels = sizes[on_input != 0 ? 1 : 0];
  return count == channels
             ? ""
             : "its IA3 update has " + std::to_string(count) + " factors for " +
                   (on_input != 0 ? "inputs" : "outputs") + ", the layer is " + shape_text(sizes);
}

std::string rotation_misfit(const LayerUpdate& update, at::IntArrayRef sizes) {
  const bool is_diagonal = update.has(Part::kOftDiagonal);
  const std::vector<std::int64_t>& shape =
      update.part(is_diagonal ? Part::kOftDiagonal : Part::kOftBlocks)->shape;
  const std::size_t axes = shape.size();
  const bool is_staged = axes == 4 && !is_diagonal;
  const bool fits = (axes == 3 || is_staged) && shape[axes - 1] == shape[axes - 2] &&
                    product(shape[axes - 3], shape[axes - 2]) == sizes[0] &&
                    (!is_staged || is_butterfly(shape[0], shape[3], sizes[0]));
  if (!fits) {
    return "its rotations are " + shape_text(shape) + ", the layer is " + shape_text(sizes);
  }
  const weights::Tensor* rescale = update.part(Part::kOftRescale);
  return rescale == nullptr || rescale->element_count() == sizes[0]
             ? ""
             : "its rescale is " + shape_text(rescale->shape) + ", the layer is " +
                   shape_text(sizes);
}

}  // namespace

std::string shape_text(at::IntArrayRef sizes) {
  std::string text = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(sizes[i]);
  }
  return text + "]";
}

std::string update_misfit(const LayerUpdate& update, at::IntArrayRef weight_sizes) {
  for (const weights::Tensor* tensor : update.parts) {
    if (tensor != nullptr && tensor->element_count() == 0 && tensor != update.part(Part::kAlpha)) {
      return "its tensor " + weights::shown_name(tensor->name) + " is empty";
    }
  }
  if (update.algorithm == Algorithm::kIa3 && !is_norm(weight_sizes)) {
    return channels_misfit(update, weight_sizes);
  }
  if (update.algorithm == Algorithm::kOft && !is_norm(weight_sizes)) {
    return rotation_misfit(update, weight_sizes);
  }
  const Extent extent = extent_of(update);
  if (extent.rows < 0 || extent.columns < 0) {
    return "its algorithm '" + std::string(weights::algorithm_name(update.algorithm)) +
           "' has no update of known shape";
  }
  const bool is_bias_only = extent.columns == 0;
  if (is_norm(weight_sizes)) {
    const bool is_for_norms =
        update.algorithm == Algorithm::kNorm || update.algorithm == Algorithm::kFull;
    if (is_for_norms && extent.rows == weight_sizes[0] && extent.columns <= 1) {
      return "";
    }
    return "its update '" + std::string(weights::algorithm_name(update.algorithm)) + "' of " +
           shape_text({extent.rows, extent.columns}) + " does not fit a norm of " +
           std::to_string(weight_sizes[0]) + " channels";
  }
  if (update.algorithm == Algorithm::kNorm) {
    return "it changes a norm, the layer is none";
  }
  const std::int64_t area = kernel_area(weight_sizes);
  const bool fits = extent.rows == weight_sizes[0] &&
                    (is_bias_only || extent.columns == weight_sizes[1] * area ||
                     (extent.columns % area == 0 && update.algorithm != Algorithm::kGlora &&
                      is_widened_latent_input(extent.columns / area, weight_sizes[1])));
  return fits ? ""
              : "its update is " + shape_text({extent.rows, extent.columns}) +
                    " (inputs times kernel), the layer is " + shape_text(weight_sizes);
}

}  // namespace stylus::generator
