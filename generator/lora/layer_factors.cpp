#include "generator/lora/layer_factors.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "generator/lora/layer_delta.h"
#include "generator/lora/layer_fit.h"
#include "generator/lora/rotations.h"
#include "support/error.h"
#include "weights/dtype.h"
#include "weights/scalar_value.h"
#include "weights/shown_name.h"

namespace stylus::generator {
namespace {

using weights::Algorithm;
using weights::LayerUpdate;
using weights::Part;

/// An own copy: halves and floats as they are, everything else as float.
at::Tensor own_tensor(const weights::Tensor& tensor) {
  const auto copy_as = [&](at::ScalarType type) {
    at::Tensor result = at::empty(tensor.shape, at::TensorOptions().dtype(type));
    std::memcpy(result.mutable_data_ptr(), tensor.bytes.data(), tensor.bytes.size());
    return result;
  };
  switch (tensor.dtype) {
    case weights::DType::kF16:
      return copy_as(at::kHalf);
    case weights::DType::kBF16:
      return copy_as(at::kBFloat16);
    case weights::DType::kF32:
      return copy_as(at::kFloat);
    default:
      break;
  }
  require(weights::is_decodable(tensor.dtype), ErrorCode::kUnsupported, "elements of type ",
          weights::dtype_name(tensor.dtype), " are not decoded");
  std::vector<double> values(static_cast<std::size_t>(tensor.element_count()));
  weights::decode(tensor.bytes, tensor.dtype, values);
  at::Tensor result = at::empty(tensor.shape, at::TensorOptions().dtype(at::kFloat));
  std::transform(values.begin(), values.end(), result.mutable_data_ptr<float>(),
                 [](double value) { return static_cast<float>(value); });
  return result;
}

/// left^T [O, m] and core [m, n, k, k] times right [n, I] as [m, I, k, k]: a CP form as one pair.
at::Tensor core_times(const at::Tensor& core, const at::Tensor& right) {
  const std::int64_t m = core.size(0);
  const std::int64_t n = core.size(1);
  const at::Tensor rows =
      core.to(at::kFloat).reshape({m, n, -1}).permute({0, 2, 1}).reshape({-1, n});  // [m kk, n]
  const at::Tensor all = at::mm(rows, right.to(at::kFloat).reshape({n, -1}));       // [m kk, I]
  return all.reshape({m, -1, right.size(1)}).permute({0, 2, 1}).contiguous();       // [m, I, kk]
}

class FactorBuilder {
 public:
  FactorBuilder(const LayerUpdate& update, double scale, at::IntArrayRef sizes)
      : update_(update), sizes_(sizes.vec()) {
    result_.component = update.component;
    result_.scale = scale;
  }

  LayerFactors build() {
    switch (update_.algorithm) {
      case Algorithm::kLora:
        build_low_rank();
        break;
      case Algorithm::kLoha:
        result_.kind = UpdateKind::kHadamard;
        add_hadamard_side(Part::kHadaW1A, Part::kHadaW1B, Part::kHadaT1);
        add_hadamard_side(Part::kHadaW2A, Part::kHadaW2B, Part::kHadaT2);
        break;
      case Algorithm::kLokr:
        build_kronecker();
        break;
      case Algorithm::kIa3:
        build_channels();
        break;
      case Algorithm::kGlora:
        build_glora();
        break;
      case Algorithm::kOft:
        build_rotation();
        break;
      case Algorithm::kNorm:
        result_.kind = UpdateKind::kDense;
        if (update_.has(Part::kNormDiff)) {
          result_.factors = {like_weight(take(Part::kNormDiff))};
        }
        break;
      default:
        build_full();
        break;
    }
    add_magnitude();
    add_bias();
    return std::move(result_);
  }

 private:
  [[nodiscard]] at::Tensor take(Part part) const { return own_tensor(*update_.part(part)); }

  /// [r, N] in any number of axes, shaped [r, I, k, k] like the weight and widened if need be.
  [[nodiscard]] at::Tensor like_weight(const at::Tensor& right) const {
    if (is_norm(sizes_)) {
      return right.reshape({-1});
    }
    std::vector<std::int64_t> shape(sizes_);
    shape[0] = right.size(0);
    shape[1] = -1;
    const at::Tensor shaped = right.reshape(shape);
    const std::int64_t missing = sizes_[1] - shaped.size(1);
    if (missing == 0) {
      return shaped;
    }
    std::vector<std::int64_t> padding(2 * (sizes_.size() - 1), 0);
    padding.back() = missing;
    return at::constant_pad_nd(shaped, padding);
  }

  void build_low_rank() {
    const at::Tensor up = take(Part::kUp);
    at::Tensor down = take(Part::kDown);
    if (update_.has(Part::kMid)) {
      down = core_times(take(Part::kMid), down.reshape({down.size(0), -1}));
    }
    result_.kind = UpdateKind::kLowRank;
    result_.factors = {up.reshape({up.size(0), up.size(1)}), like_weight(down)};
  }

  void add_hadamard_side(Part a, Part b, Part core) {
    at::Tensor left = take(a);
    at::Tensor right = take(b);
    left = left.reshape({left.size(0), left.size(1)});
    if (update_.has(core)) {
      left = left.t().contiguous();
      right = core_times(take(core), right.reshape({right.size(0), -1}));
    }
    result_.factors.push_back(left);
    result_.factors.push_back(like_weight(right));
  }

  /// One LoKr side as [o, n]; n includes the kernel.
  [[nodiscard]] at::Tensor kronecker_side(Part whole, Part a, Part b, Part core) const {
    if (update_.has(whole)) {
      const at::Tensor side = take(whole);
      return side.reshape({side.size(0), -1});
    }
    at::Tensor left = take(a).to(at::kFloat);
    at::Tensor right = take(b).to(at::kFloat);
    left = left.reshape({left.size(0), left.size(1)});
    if (update_.has(core)) {
      left = left.t();
      right = core_times(take(core), right.reshape({right.size(0), -1}));
    }
    return at::mm(left, right.reshape({right.size(0), -1}));
  }

  void build_kronecker() {
    const at::Tensor w1 =
        kronecker_side(Part::kLokrW1, Part::kLokrW1A, Part::kLokrW1B, Part::kLokrT1);
    at::Tensor w2 = kronecker_side(Part::kLokrW2, Part::kLokrW2A, Part::kLokrW2B, Part::kLokrT2);
    std::vector<std::int64_t> shape(sizes_);
    shape[0] = w2.size(0);
    shape[1] = -1;
    w2 = w2.reshape(shape);
    result_.kind = UpdateKind::kKronecker;
    result_.factors = {w1, w2};
    if (w1.size(1) * w2.size(1) != sizes_[1]) {  // the widened first convolution
      const double scale = std::exchange(result_.scale, 1);
      result_.factors = {like_weight(dense_delta(result_).mul(scale))};
      result_.kind = UpdateKind::kDense;
    }
  }

  void build_channels() {
    const at::Tensor gain = take(Part::kIa3Weight).reshape({-1});
    const bool on_input = weights::scalar_value(*update_.part(Part::kIa3OnInput)) != 0;
    std::vector<std::int64_t> shape(sizes_.size(), 1);
    shape[on_input ? 1 : 0] = -1;
    result_.kind = UpdateKind::kChannels;
    result_.factors = {gain.reshape(shape)};
  }

  void build_glora() {
    const weights::GloraFactors parts = weights::glora_factors(update_);
    const auto matrix = [](const weights::Tensor& stored) {
      return own_tensor(stored).reshape({stored.shape[0], stored.shape[1]});
    };
    result_.kind = UpdateKind::kGlora;
    result_.factors = {matrix(*parts.a_left), matrix(*parts.a_right), matrix(*parts.b_left),
                       like_weight(own_tensor(*parts.b_right))};
  }

  void build_rotation() {
    if (update_.has(Part::kOftDiagonal)) {  // the first format stored the rotations themselves
      result_.kind = UpdateKind::kRotation;
      result_.factors = {take(Part::kOftDiagonal)};
    } else {
      const at::Tensor blocks = take(Part::kOftBlocks);
      const weights::Tensor* alpha = update_.part(Part::kAlpha);
      const double constraint =
          alpha == nullptr ? 0 : weights::scalar_value(*alpha) * static_cast<double>(sizes_[0]);
      result_.kind = blocks.dim() == 3 ? UpdateKind::kRotation : UpdateKind::kButterfly;
      result_.factors = {rotations_of(blocks, constraint)};
    }
    require(result_.factors[0].isfinite().all().item<bool>(), ErrorCode::kCorruptData, "layer ",
            weights::shown_name(update_.module), ": its rotations are no finite numbers");
    if (update_.has(Part::kOftRescale)) {
      std::vector<std::int64_t> shape(sizes_.size(), 1);
      shape[0] = -1;
      result_.factors.push_back(take(Part::kOftRescale).reshape(shape));
    }
  }

  void build_full() {
    result_.kind = update_.has(Part::kSetWeight) ? UpdateKind::kReplace : UpdateKind::kDense;
    const Part whole = update_.has(Part::kSetWeight) ? Part::kSetWeight : Part::kDiff;
    if (update_.has(whole)) {
      result_.factors = {like_weight(take(whole))};
    }
  }

  void add_magnitude() {
    const weights::Tensor* stored = update_.part(Part::kDoraScale);
    if (stored == nullptr || result_.factors.empty() || is_norm(sizes_)) {
      return;
    }
    const std::int64_t count = stored->element_count();
    const bool is_peft = stored->name.find("lora_magnitude_vector") != std::string::npos;
    const std::size_t dimensions = stored->shape.size();
    // PEFT's vector is [O] or [1, O, 1, 1]; LyCORIS writes [O, 1] or [1, I], told by the long axis.
    const bool is_input = !is_peft && dimensions > 1 && stored->shape[0] == 1 && count == sizes_[1];
    require(is_input || count == sizes_[0], ErrorCode::kCorruptData, "layer ",
            weights::shown_name(update_.module), ": its DoRA magnitudes are ",
            shape_text(stored->shape), ", the layer is ", shape_text(sizes_));
    result_.magnitude = own_tensor(*stored).to(at::kFloat).reshape({count});
    result_.magnitude_axis = is_input ? MagnitudeAxis::kInput : MagnitudeAxis::kOutput;
  }

  void add_bias() {
    const auto add = [&](Part part, double scale) {
      if (update_.has(part)) {
        const at::Tensor bias = take(part).to(at::kFloat).reshape({-1}).mul(scale);
        require(bias.size(0) == sizes_[0], ErrorCode::kCorruptData, "layer ",
                weights::shown_name(update_.module), ": its bias has ", bias.size(0),
                " entries, the layer has ", sizes_[0], " outputs");
        result_.bias = result_.bias.defined() ? result_.bias.add(bias) : bias;
      }
    };
    add(Part::kUpBias, result_.scale);
    add(Part::kDiffBias, 1);
    add(Part::kNormBiasDiff, 1);
  }

  const LayerUpdate& update_;
  std::vector<std::int64_t> sizes_;
  LayerFactors result_;
};

}  // namespace

LayerFactors make_layer_factors(const LayerUpdate& update, double scale,
                                at::IntArrayRef weight_sizes) {
  const std::string misfit = update_misfit(update, weight_sizes);
  require(misfit.empty(), ErrorCode::kCorruptData, "layer ", weights::shown_name(update.module),
          ": ", misfit);
  return FactorBuilder(update, scale, weight_sizes).build();
}

std::int64_t byte_count(const LayerFactors& layer) {
  std::int64_t bytes = 0;
  const auto count = [&](const at::Tensor& tensor) {
    bytes += tensor.defined() ? static_cast<std::int64_t>(tensor.nbytes()) : 0;
  };
  std::for_each(layer.factors.begin(), layer.factors.end(), count);
  count(layer.magnitude);
  count(layer.bias);
  return bytes;
}

}  // namespace stylus::generator
