#pragma once

#include <map>
#include <string>

#include "nn/tensor_source.h"

namespace stylus::nn {

/// Reads tests/golden/nn/NAME.header.txt: names and shapes of a real checkpoint, fp16, without
/// bytes (format: golden/goldens/nn_headers.py).
[[nodiscard]] StoredTensors read_header_file(const std::string& name);

/// The tensors of one part of a folder's header file ("unet/conv_in.weight" -> "conv_in.weight").
[[nodiscard]] StoredTensors part_of(const StoredTensors& folder, const std::string& part);

}  // namespace stylus::nn
