#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "weights/adapter_config.h"
#include "weights/adapter_file.h"
#include "weights/safetensors_file.h"

namespace stylus::weights {

/// Reads the facts off tensor names and shapes; bytes of the tensors may be absent, as in a table
/// of names and shapes. Then alphas that the file stores count as not stored.
///
/// Requires: at least one layer or token vector that a known dialect explains, else
///           Error(kUnsupported) that starts with `what` and says what the tensors look like.
/// Ensures:  `targets` are in the order of the tensors; equal input gives equal output.
/// Cost:     see read_adapter_file.
[[nodiscard]] AdapterFacts recognise_adapter(std::span<const Tensor> tensors,
                                             const std::map<std::string, std::string>& metadata,
                                             const AdapterConfig& config, std::string_view what,
                                             NormMode norms);

}  // namespace stylus::weights
