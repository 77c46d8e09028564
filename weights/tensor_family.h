#pragma once

#include <span>
#include <string>
#include <vector>

#include "weights/layer_update.h"

namespace stylus::weights {

/// Families that the layers' names and widths allow, likeliest first; empty when they tell nothing.
[[nodiscard]] std::vector<std::string> families_of_layers(std::span<const LayerUpdate> layers);

/// The same for learned token vectors, by their width and names.
[[nodiscard]] std::vector<std::string> families_of_embeddings(
    std::span<const Tensor* const> embeddings);

}  // namespace stylus::weights
