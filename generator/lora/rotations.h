#pragma once

#include <ATen/core/Tensor.h>

namespace stylus::generator {

/// The rotations R = (I + Q) (I - Q)^-1, Q = B - B^T, of a file's blocks B [..., b, b], as float.
/// `constraint` > 0 bounds the norm of all Q together: a longer Q is shortened to it.
/// Source: OFT (arXiv 2306.07280), as LyCORIS stores it; formats 1.7.
[[nodiscard]] at::Tensor rotations_of(const at::Tensor& blocks, double constraint);

/// R^T W for block-diagonal R [n, b, b] and W [n b, ...], float.
[[nodiscard]] at::Tensor rotated(const at::Tensor& rotations, const at::Tensor& weight);

/// R_last ... R_0 W for the stages of a butterfly, R [stages, n, b, b] and W [n b, ...], float.
/// Stage i mixes rows that lie 2^i b/2 apart; see is_butterfly.
/// Source: BOFT (arXiv 2311.06243), as LyCORIS applies it.
[[nodiscard]] at::Tensor rotated_in_stages(const at::Tensor& rotations, const at::Tensor& weight);

/// True if the rows can be grouped as every stage needs: an even b, and 2^stages b/2 divides them.
[[nodiscard]] bool is_butterfly(std::int64_t stages, std::int64_t block, std::int64_t rows);

}  // namespace stylus::generator
