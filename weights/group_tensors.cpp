#include <algorithm>
#include <bitset>
#include <initializer_list>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "weights/layer_shapes.h"
#include "weights/layer_update.h"
#include "weights/shown_name.h"

namespace stylus::weights {
namespace {

using PartSet = std::bitset<static_cast<std::size_t>(Part::kCount)>;

PartSet parts(std::initializer_list<Part> list) {
  PartSet set;
  for (const Part part : list) {
    set.set(static_cast<std::size_t>(part));
  }
  return set;
}

/// An algorithm is recognised when all `required` parts are there; `allowed` ones may come along.
struct Recipe {
  Algorithm algorithm;
  PartSet required;
  PartSet allowed;
};

const std::vector<Recipe>& recipes() {
  static const PartSet kScales = parts({Part::kAlpha, Part::kScale, Part::kDoraScale,
                                        Part::kDiffBias, Part::kReshapeWeight, Part::kSparseBias});
  static const PartSet kLokrAll =
      parts({Part::kLokrW1, Part::kLokrW1A, Part::kLokrW1B, Part::kLokrT1, Part::kLokrW2,
             Part::kLokrW2A, Part::kLokrW2B, Part::kLokrT2}) |
      kScales;
  static const PartSet kFullParts =
      parts({Part::kDiff, Part::kDiffBias, Part::kSetWeight, Part::kReshapeWeight, Part::kAlpha});
  static const PartSet kNormParts = parts({Part::kNormDiff, Part::kNormBiasDiff, Part::kNormScale});
  static const std::vector<Recipe> kAll = {
      {Algorithm::kLora, parts({Part::kDown, Part::kUp}),
       parts({Part::kMid, Part::kUpBias}) | kScales},
      {Algorithm::kLoha, parts({Part::kHadaW1A, Part::kHadaW1B, Part::kHadaW2A, Part::kHadaW2B}),
       parts({Part::kHadaT1, Part::kHadaT2}) | kScales},
      {Algorithm::kLokr, parts({Part::kLokrW1, Part::kLokrW2}), kLokrAll},
      {Algorithm::kLokr, parts({Part::kLokrW1A, Part::kLokrW1B, Part::kLokrW2}), kLokrAll},
      {Algorithm::kLokr, parts({Part::kLokrW1, Part::kLokrW2A, Part::kLokrW2B}), kLokrAll},
      {Algorithm::kLokr, parts({Part::kLokrW1A, Part::kLokrW1B, Part::kLokrW2A, Part::kLokrW2B}),
       kLokrAll},
      {Algorithm::kGlora, parts({Part::kGloraA1, Part::kGloraA2, Part::kGloraB1, Part::kGloraB2}),
       parts({Part::kGloraBm}) | kScales},
      {Algorithm::kOft, parts({Part::kOftBlocks}), parts({Part::kAlpha, Part::kOftRescale})},
      {Algorithm::kOft, parts({Part::kOftDiagonal}), parts({Part::kAlpha, Part::kOftRescale})},
      {Algorithm::kIa3, parts({Part::kIa3Weight, Part::kIa3OnInput}), parts({Part::kAlpha})},
      {Algorithm::kFull, parts({Part::kDiff}), kFullParts},
      {Algorithm::kFull, parts({Part::kSetWeight}), kFullParts},
      {Algorithm::kFull, parts({Part::kDiffBias}), kFullParts},
      {Algorithm::kNorm, parts({Part::kNormDiff}), kNormParts},
      {Algorithm::kNorm, parts({Part::kNormBiasDiff}), kNormParts},
      {Algorithm::kNorm, parts({Part::kNormScale}), kNormParts},
  };
  return kAll;
}

PartSet present_parts(const LayerUpdate& layer) {
  PartSet set;
  for (std::size_t i = 0; i < layer.parts.size(); ++i) {
    set[i] = layer.parts[i] != nullptr;
  }
  return set;
}

const Recipe* recipe_for(const PartSet& present) {
  for (const Recipe& recipe : recipes()) {
    if ((present & recipe.required) == recipe.required) {
      return &recipe;
    }
  }
  return nullptr;
}

/// Stability's control LoRAs carry it, and name their factors just ".up" and ".down".
constexpr std::string_view kControlMarker = "lora_controlnet";

/// Collects tensors into layers; file order throughout.
class Grouper {
 public:
  explicit Grouper(const std::map<std::string, std::string>& metadata) : metadata_(metadata) {}

  /// Marks that change how other names are read.
  void note_marks(std::span<const Tensor> tensors) {
    for (const Tensor& tensor : tensors) {
      result_.is_stability_control = result_.is_stability_control || tensor.name == kControlMarker;
      const std::optional<TensorName> name = parse_tensor_name(tensor.name);
      if (name && name->part == Part::kIa3OnInput) {
        ia3_layers_.insert(layer_key(*name));
      }
    }
  }

  void add(const Tensor& tensor) {
    if (is_embedding(tensor)) {
      result_.embeddings.push_back(&tensor);
      return;
    }
    if (tensor.name == kControlMarker) {
      return;
    }
    const std::optional<TensorName> name = name_of(tensor);
    if (!name) {
      if (result_.is_stability_control) {
        ++result_.whole_weights;
      } else {
        leave_out(tensor);
      }
      return;
    }
    LayerUpdate& layer = layer_of(*name);
    const Tensor*& slot = layer.parts[static_cast<std::size_t>(name->part)];
    if (slot != nullptr && name->part != Part::kSparseBias) {
      leave_out(tensor);
      return;
    }
    slot = &tensor;
    if (layer.style == PartStyle::kOther) {
      layer.style = name->style;
    }
  }

  GroupedTensors finish(std::span<const Tensor> tensors) {
    std::vector<LayerUpdate> complete;
    complete.reserve(result_.layers.size());
    for (LayerUpdate& layer : result_.layers) {
      if (settle(layer)) {
        complete.push_back(std::move(layer));
      }
    }
    result_.layers = std::move(complete);
    for (const Tensor& tensor : tensors) {
      if (left_out_.count(&tensor) != 0) {
        result_.unexplained.push_back(&tensor);
      }
    }
    return std::move(result_);
  }

 private:
  static std::string layer_key(const TensorName& name) {
    std::string key(name.component);
    key += '\n';
    key += name.module;
    return key;
  }

  [[nodiscard]] std::optional<TensorName> name_of(const Tensor& tensor) const {
    std::optional<TensorName> name = parse_tensor_name(tensor.name);
    if (!name && result_.is_stability_control) {
      name = parse_control_name(tensor.name);
    }
    if (!name) {
      name = parse_ia3_weight(tensor.name);
      if (name && ia3_layers_.count(layer_key(*name)) == 0) {
        name.reset();
      }
    }
    return name;
  }

  [[nodiscard]] bool is_embedding(const Tensor& tensor) const {
    constexpr std::string_view kBundle = "bundle_emb.";
    if (tensor.name.compare(0, kBundle.size(), kBundle) == 0) {
      return true;
    }
    const auto entry = metadata_.find(tensor.name);
    return entry != metadata_.end() && entry->second == "<embed>";
  }

  LayerUpdate& layer_of(const TensorName& name) {
    const auto [entry, is_new] = index_.try_emplace(layer_key(name), result_.layers.size());
    if (is_new) {
      LayerUpdate layer;
      layer.component = name.component;
      layer.module = name.module;
      layer.prefix = name.prefix;
      layer.style = name.style;
      result_.layers.push_back(std::move(layer));
    }
    return result_.layers[entry->second];
  }

  void leave_out(const Tensor& tensor) { left_out_.insert(&tensor); }

  void leave_out(LayerUpdate& layer, const PartSet& which) {
    for (std::size_t i = 0; i < layer.parts.size(); ++i) {
      if (which[i] && layer.parts[i] != nullptr) {
        leave_out(*layer.parts[i]);
        layer.parts[i] = nullptr;
      }
    }
  }

  /// Decides the algorithm of a layer; false if its parts make none.
  bool settle(LayerUpdate& layer) {
    const PartSet present = present_parts(layer);
    const Recipe* recipe = recipe_for(present);
    if (recipe == nullptr) {
      result_.problems.push_back("layer " + shown_name(layer.module) +
                                 " is incomplete: no known algorithm has only these parts");
      leave_out(layer, present);
      return false;
    }
    layer.algorithm = recipe->algorithm;
    leave_out(layer, present & ~(recipe->required | recipe->allowed));
    const std::string problem = shape_problem(layer);
    if (!problem.empty()) {
      result_.problems.push_back("layer " + shown_name(layer.module) + ": " + problem);
      leave_out(layer, present);
      return false;
    }
    return true;
  }

  const std::map<std::string, std::string>& metadata_;
  std::unordered_map<std::string, std::size_t> index_;
  std::unordered_set<std::string> ia3_layers_;
  std::unordered_set<const Tensor*> left_out_;
  GroupedTensors result_;
};

}  // namespace

GroupedTensors group_tensors(std::span<const Tensor> tensors,
                             const std::map<std::string, std::string>& metadata) {
  Grouper grouper(metadata);
  grouper.note_marks(tensors);
  for (const Tensor& tensor : tensors) {
    grouper.add(tensor);
  }
  return grouper.finish(tensors);
}

}  // namespace stylus::weights
