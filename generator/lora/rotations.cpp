#include "generator/lora/rotations.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_inv_ex.h>
#include <ATen/ops/matmul.h>

#include <cstdint>

namespace stylus::generator {
namespace {

/// blocks [n, b, b] times rows [n b, N].
at::Tensor block_product(const at::Tensor& blocks, const at::Tensor& rows) {
  return at::bmm(blocks, rows.view({blocks.size(0), blocks.size(1), -1})).view(rows.sizes());
}

}  // namespace

at::Tensor rotations_of(const at::Tensor& blocks, double constraint) {
  const at::Tensor b = blocks.to(at::kDouble);
  at::Tensor q = b.sub(b.transpose(-1, -2));
  if (constraint > 0) {
    const double norm = q.norm().item<double>();
    if (norm > constraint) {
      q = q.mul(constraint / norm);
    }
  }
  const at::Tensor one = at::eye(q.size(-1), q.options());
  const at::Tensor inverse = std::get<0>(at::linalg_inv_ex(one.sub(q)));
  return at::matmul(one.add(q), inverse).to(at::kFloat);
}

at::Tensor rotated(const at::Tensor& rotations, const at::Tensor& weight) {
  const at::Tensor rows = weight.reshape({weight.size(0), -1});
  return block_product(rotations.to(at::kFloat).transpose(1, 2), rows).view(weight.sizes());
}

at::Tensor rotated_in_stages(const at::Tensor& rotations, const at::Tensor& weight) {
  const std::int64_t count = weight.size(0);
  at::Tensor rows = weight.reshape({count, -1});
  std::int64_t apart = rotations.size(-1) / 2;
  for (std::int64_t stage = 0; stage < rotations.size(0); ++stage, apart *= 2) {
    const at::Tensor paired =
        rows.view({-1, 2, apart, rows.size(1)}).transpose(1, 2).reshape(rows.sizes());
    rows = block_product(rotations[stage], paired)
               .view({-1, apart, 2, rows.size(1)})
               .transpose(1, 2)
               .reshape(rows.sizes());
  }
  return rows.view(weight.sizes());
}

bool is_butterfly(std::int64_t stages, std::int64_t block, std::int64_t rows) {
  if (stages < 1 || block < 2 || block % 2 != 0) {
    return false;
  }
  std::int64_t period = block / 2;
  for (std::int64_t stage = 0; stage < stages; ++stage) {
    if (period > rows / 2) {
      return false;
    }
    period *= 2;
  }
  return rows % period == 0;
}

}  // namespace stylus::generator
