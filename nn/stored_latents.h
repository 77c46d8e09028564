#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace stylus::nn {

/// Writes [1, ...] fp32 tensors of one shape as one safetensors tensor [N, ...] of that name.
/// The file appears whole or not at all.
/// Requires: at least one tensor, equal shapes, else Error(kInvalidArgument).
void write_stored_tensor(const std::filesystem::path& path, const std::string& name,
                         const std::vector<at::Tensor>& rows);

}  // namespace stylus::nn
