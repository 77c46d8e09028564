#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/safetensors_file.h"
#include "weights/tensor_name.h"

namespace stylus::weights {

enum class Algorithm : std::uint8_t { kLora, kLoha, kLokr, kIa3, kGlora, kOft, kFull, kNorm };

/// "lora", "loha", … as Target::algorithm spells it.
[[nodiscard]] std::string_view algorithm_name(Algorithm algorithm);

/// All tensors of a file that change one layer.
/// Lifetime: points into the tensors that it was grouped from.
struct LayerUpdate {
  std::string component;  ///< See Target; "" until the base family tells it.
  std::string module;     ///< Path in the file's spelling.
  Prefix prefix = Prefix::kNone;
  PartStyle style = PartStyle::kOther;
  Algorithm algorithm = Algorithm::kLora;
  std::array<const Tensor*, static_cast<std::size_t>(Part::kCount)> parts{};

  [[nodiscard]] const Tensor* part(Part which) const {
    return parts[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] bool has(Part which) const { return part(which) != nullptr; }
};

/// GLoRA's factors in the order of its formula: W a_left a_right + b_left b_right. Older files have
/// the two names of each product the other way round, which the shapes tell (formats 1.7).
/// All null for other algorithms.
struct GloraFactors {
  const Tensor* a_left = nullptr;
  const Tensor* a_right = nullptr;
  const Tensor* b_left = nullptr;
  const Tensor* b_right = nullptr;
};
[[nodiscard]] GloraFactors glora_factors(const LayerUpdate& layer);

/// What the tensor names of a file say.
struct GroupedTensors {
  std::vector<LayerUpdate> layers;         ///< In the order of their first tensor in the file.
  std::vector<const Tensor*> embeddings;   ///< Learned token vectors.
  std::vector<const Tensor*> unexplained;  ///< In file order.
  /// Whole weights that a control LoRA brings along beside its low-rank layers.
  std::size_t whole_weights = 0;
  bool is_stability_control = false;  ///< Carries the marker tensor "lora_controlnet".
  std::vector<std::string> problems;  ///< Incomplete or inconsistent layers, for people.
};

/// Sorts tensors into layers by name and checks that the shapes of a layer's factors agree.
/// Cost: O(tensors) name look-ups; reads no tensor bytes.
[[nodiscard]] GroupedTensors group_tensors(std::span<const Tensor> tensors,
                                           const std::map<std::string, std::string>& metadata);

/// Rows of the factor that narrows the update; 0 where the algorithm has none.
[[nodiscard]] std::int64_t rank_of(const LayerUpdate& layer);

/// Inputs and outputs of the layer that the update is for, kernel left out; 0 where the parts do
/// not tell.
[[nodiscard]] std::int64_t inputs_of(const LayerUpdate& layer);
[[nodiscard]] std::int64_t outputs_of(const LayerUpdate& layer);

/// True if a factor has the shape of a convolution (more than two dimensions).
[[nodiscard]] bool is_convolution(const LayerUpdate& layer);

/// The module path with '.' turned into '_', so that both spellings compare alike.
[[nodiscard]] std::string flattened(std::string_view module);

}  // namespace stylus::weights
