#include "generator/lora/adapter_merges.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/bernoulli.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "generator/lora/layer_delta.h"
#include "support/error.h"

namespace stylus::generator {
namespace {

/// One adapter's update of the layer at hand.
struct Source {
  const LayerFactors* layer;
  double weight;
};

bool works_on_factors(MergeMethod method) {
  switch (method) {
    case MergeMethod::kLinear:
    case MergeMethod::kTies:
    case MergeMethod::kDareLinear:
    case MergeMethod::kDareTies:
    case MergeMethod::kMagnitudePrune:
      return true;
    default:
      return false;
  }
}

bool elects_signs(MergeMethod method) {
  return method == MergeMethod::kTies || method == MergeMethod::kTiesSvd ||
         method == MergeMethod::kDareTies || method == MergeMethod::kDareTiesSvd;
}

bool drops_at_random(MergeMethod method) {
  return method == MergeMethod::kDareLinear || method == MergeMethod::kDareTies ||
         method == MergeMethod::kDareLinearSvd || method == MergeMethod::kDareTiesSvd;
}

bool keeps_largest(MergeMethod method) {
  return method == MergeMethod::kTies || method == MergeMethod::kTiesSvd ||
         method == MergeMethod::kMagnitudePrune || method == MergeMethod::kMagnitudePruneSvd;
}

at::Tensor weighted_sum(std::span<const at::Tensor> tensors, std::span<const double> weights) {
  at::Tensor sum = tensors[0].mul(weights[0]);
  for (std::size_t i = 1; i < tensors.size(); ++i) {
    sum.add_(tensors[i], weights[i]);
  }
  return sum;
}

/// Prunes and sums tensors of one shape as the method says.
at::Tensor combine(std::vector<at::Tensor> tensors, std::span<const double> weights,
                   const MergeOptions& options, at::Generator& random) {
  for (at::Tensor& tensor : tensors) {
    if (options.density >= 1) {
      continue;
    }
    if (keeps_largest(options.method)) {
      tensor = keep_largest(tensor, options.density);
    } else if (drops_at_random(options.method)) {
      const at::Tensor mask = at::bernoulli(at::full_like(tensor, options.density), random);
      tensor = dare(tensor, mask, options.density);
    }
  }
  return elects_signs(options.method) ? ties_of_pruned(tensors, weights, options.sign)
                                      : weighted_sum(tensors, weights);
}

/// Averages A and B separately, each with the root of the weight; a sign goes to A.
void merge_factors(std::span<const Source> sources, const MergeOptions& options,
                   at::Generator& random, LayerFactors& result) {
  std::vector<at::Tensor> downs;
  std::vector<at::Tensor> ups;
  std::vector<double> down_weights;
  std::vector<double> up_weights;
  for (const auto& [layer, weight] : sources) {
    require(layer->is_stackable() && layer->rank() == sources.front().layer->rank(),
            ErrorCode::kInvalidArgument,
            "merging factors needs low-rank updates of equal rank; at ", layer->path,
            " there are ranks ", sources.front().layer->rank(), " and ", layer->rank(),
            "; use an svd method");
    ups.push_back(layer->factors[0].to(at::kFloat));
    downs.push_back(layer->factors[1].to(at::kFloat));
    const double scaled = weight * layer->scale;
    up_weights.push_back(std::sqrt(std::fabs(scaled)));
    down_weights.push_back(std::copysign(up_weights.back(), scaled));
  }
  const at::Tensor down = combine(std::move(downs), down_weights, options, random);
  result.factors = {combine(std::move(ups), up_weights, options, random), down};
}

void refuse_dependent(const LayerFactors& layer) {
  require(
      !depends_on_base(layer), ErrorCode::kInvalidArgument, "the update of ", layer.path,
      " depends on the base weights (DoRA, IA3, GLoRA, OFT or replaced weights), so it cannot be "
      "merged with others beforehand");
}

void merge_deltas(std::span<const Source> sources, const MergeOptions& options,
                  at::Generator& random, LayerFactors& result) {
  std::vector<at::Tensor> deltas;
  std::vector<double> weights;
  std::int64_t rank = options.rank;
  for (const auto& [layer, weight] : sources) {
    refuse_dependent(*layer);
    deltas.push_back(dense_delta(*layer));
    weights.push_back(weight);
    rank = options.rank > 0 ? options.rank : std::max(rank, layer->rank());
  }
  const at::Tensor delta = combine(std::move(deltas), weights, options, random);
  const auto [u, s, v] = at::linalg_svd(delta.reshape({delta.size(0), -1}), false);
  // Dense kinds have no rank of their own: then everything is kept.
  const std::int64_t kept = rank > 0 ? std::min(rank, s.size(0)) : s.size(0);
  std::vector<std::int64_t> shape = delta.sizes().vec();
  shape[0] = kept;
  result.factors = {u.narrow(1, 0, kept).mul(s.narrow(0, 0, kept)).contiguous(),
                    v.narrow(0, 0, kept).reshape(shape).contiguous()};
}

bool changes_norm(const LayerFactors& layer) { return layer.factors.front().dim() == 1; }

/// The weighted sum of whole updates, for vectors, which have no rank.
void add_up(std::span<const Source> sources, LayerFactors& result) {
  result.kind = UpdateKind::kDense;
  for (const auto& [layer, weight] : sources) {
    refuse_dependent(*layer);
    const at::Tensor delta = dense_delta(*layer).mul(weight);
    result.factors = {result.factors.empty() ? delta : result.factors.front().add(delta)};
  }
}

LayerFactors merge_layer(std::span<const Source> sources, const MergeOptions& options,
                         std::uint64_t seed) {
  LayerFactors result;
  result.component = sources.front().layer->component;
  result.path = sources.front().layer->path;
  std::vector<Source> with_weight;
  for (const Source& source : sources) {
    if (!source.layer->factors.empty()) {
      with_weight.push_back(source);
    }
    if (source.layer->bias.defined()) {
      const at::Tensor bias = source.layer->bias.mul(source.weight);
      result.bias = result.bias.defined() ? result.bias.add(bias) : bias;
    }
  }
  if (with_weight.empty()) {
    result.kind = UpdateKind::kDense;
    return result;
  }
  at::Generator random = at::detail::createCPUGenerator(seed);
  if (changes_norm(*with_weight.front().layer)) {
    add_up(with_weight, result);
  } else if (works_on_factors(options.method)) {
    merge_factors(with_weight, options, random, result);
  } else {
    merge_deltas(with_weight, options, random, result);
  }
  return result;
}

}  // namespace

AdapterPtr merge_adapters(std::span<const MergeInput> inputs, const MergeOptions& options) {
  require(!inputs.empty(), ErrorCode::kInvalidArgument, "no adapters to merge");
  require(options.density > 0 && options.density <= 1, ErrorCode::kInvalidArgument,
          "the density is ", options.density, ", expected more than 0 and at most 1");
  const c10::InferenceMode guard;
  std::map<std::pair<std::string, std::string>, std::vector<Source>> layers;
  auto result = std::make_shared<AdapterWeights>();
  for (const auto& [adapter, weight] : inputs) {
    require(adapter != nullptr && std::isfinite(weight), ErrorCode::kInvalidArgument,
            "an input of a merge has no adapter or no finite weight");
    for (const LayerFactors& layer : adapter->layers) {
      layers[{layer.component, layer.path}].push_back({&layer, weight});
    }
    result->report.file += (result->report.file.empty() ? "" : " + ") + adapter->report.file;
    result->report.base = adapter->report.base;
  }
  std::uint64_t seed = options.seed;
  for (const auto& [address, sources] : layers) {
    result->layers.push_back(merge_layer(sources, options, seed++));
    result->bytes += byte_count(result->layers.back());
  }
  result->report.layers = result->report.applied = result->layers.size();
  result->report.dialect = "merged";
  return result;
}

at::Tensor dare(const at::Tensor& tensor, const at::Tensor& mask, double density) {
  return tensor.mul(mask).div_(density);
}

at::Tensor ties_of_pruned(std::span<const at::Tensor> pruned, std::span<const double> weights,
                          SignElection sign) {
  const at::Tensor all = at::stack(at::TensorList(pruned.data(), pruned.size()), 0);
  const at::Tensor signs = all.sign();
  const at::Tensor votes = (sign == SignElection::kTotal ? all : signs).sum(0);
  // A tie goes to plus, as in PEFT.
  const at::Tensor elected = votes.ge(0).to(at::kFloat).mul_(2).sub_(1);
  const at::Tensor agrees = signs.eq(elected).to(at::kFloat);
  at::Tensor sum = at::zeros_like(pruned[0]);
  for (std::size_t i = 0; i < pruned.size(); ++i) {
    sum.add_(pruned[i].mul(agrees[static_cast<std::int64_t>(i)]), weights[i]);
  }
  return sum.div_(agrees.sum(0).clamp_min(1));
}

at::Tensor keep_largest(const at::Tensor& tensor, double density) {
  const auto count = static_cast<std::int64_t>(density * static_cast<double>(tensor.numel()));
  const at::Tensor flat = tensor.reshape({-1});
  const at::Tensor places = std::get<1>(at::topk(flat.abs(), count));
  at::Tensor kept = at::zeros_like(flat);
  kept.index_copy_(0, places, flat.index_select(0, places));
  return kept.reshape(tensor.sizes());
}

}  // namespace stylus::generator
