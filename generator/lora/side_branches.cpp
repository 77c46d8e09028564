#include "generator/lora/side_branches.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <optional>
#include <utility>

namespace stylus::generator {
namespace {

/// [R], or [rows * repeats, R] for more than one row.
at::Tensor scales(const SlotBranch& branch, const BranchFactors& factors) {
  std::int64_t rank = 0;
  for (const BranchPart& part : branch.parts) {
    rank += part.factors->rank();
  }
  const auto rows = static_cast<std::int64_t>(factors.rows.size());
  at::Tensor result = at::empty({rows, rank}, at::TensorOptions().dtype(at::kFloat));
  auto* values = result.mutable_data_ptr<float>();
  for (const std::vector<double>& row : factors.rows) {
    for (const BranchPart& part : branch.parts) {
      const auto scale = static_cast<float>(row[part.adapter] * part.weight * part.factors->scale);
      for (std::int64_t r = 0; r < part.factors->rank(); ++r) {
        *values++ = scale;
      }
    }
  }
  if (rows == 1) {
    return result.view({rank});
  }
  return result.repeat({factors.repeats, 1});
}

}  // namespace

void set_branch(const SlotBranch& branch, const BranchFactors& factors) {
  const at::Tensor& weight = branch.slot->layer->weight();
  std::vector<at::Tensor> ups;
  std::vector<at::Tensor> downs;
  for (const BranchPart& part : branch.parts) {
    ups.push_back(part.factors->factors[0].to(weight.options()));
    downs.push_back(part.factors->factors[1].to(weight.options()));
  }
  at::Tensor down = at::cat(downs, 0);
  if (is_channels_last(weight)) {
    down = down.contiguous(at::MemoryFormat::ChannelsLast);
  }
  branch.slot->layer->set_side_branch(nn::SideBranch{std::move(down), at::cat(ups, 1),
                                                     scales(branch, factors).to(weight.options())});
  branch.slot->has_branch = true;
}

void rescale_branch(const SlotBranch& branch, const BranchFactors& factors) {
  const at::Tensor fresh = scales(branch, factors);
  const std::optional<nn::SideBranch>& present = branch.slot->layer->side_branch();
  if (present && present->scale.sizes() == fresh.sizes()) {
    present->scale.copy_(fresh);
  } else {
    set_branch(branch, factors);
  }
}

}  // namespace stylus::generator
