#include "weights/recogniser.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/error.h"
#include "support/parallel.h"
#include "support/text.h"
#include "weights/dialect.h"
#include "weights/family_detection.h"
#include "weights/layer_update.h"
#include "weights/shown_name.h"
#include "weights/update_norm.h"
#include "weights/update_scale.h"

namespace stylus::weights {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <typename Value>
Value median(std::vector<Value> values) {
  if (values.empty()) {
    return Value{};
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The key with the largest count; the first in key order among equals.
template <typename Counts>
std::string most_frequent(const Counts& counts) {
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : std::string(most->first);
}

bool is_scalar_part(const LayerUpdate& layer, const Tensor* tensor) {
  return tensor == layer.part(Part::kAlpha) || tensor == layer.part(Part::kScale) ||
         tensor == layer.part(Part::kIa3OnInput) || tensor == layer.part(Part::kReshapeWeight);
}

/// FLUX control LoRAs double the picture channels of the first layer from 64 to 128.
bool is_widened_input(const LayerUpdate& layer) {
  const std::string flat = flattened(layer.module);
  return (flat == "img_in" || flat == "x_embedder") && inputs_of(layer) == 128;
}

/// A learned token: one or a few vectors as wide as a text encoder's.
bool looks_like_token_vectors(const Tensor& tensor) {
  constexpr std::int64_t kMostTokens = 1024;
  if (tensor.shape.empty() || tensor.shape.size() > 2) {
    return false;
  }
  const std::int64_t width = tensor.shape.back();
  // So many tensors are 128 wide that the embedded model's tokens need their usual name as well.
  const bool is_known_width = width == 768 || width == 1024 || width == 1280 || width == 4096 ||
                              (width == 128 && tensor.name == "emb_params");
  const bool is_layer =
      tensor.name.size() > 7 && tensor.name.compare(tensor.name.size() - 7, 7, ".weight") == 0;
  return is_known_width && !is_layer &&
         (tensor.shape.size() == 1 || tensor.shape[0] <= kMostTokens);
}

/// Turns grouped tensors into the facts that people and the catalogue see.
class FactsBuilder {
 public:
  FactsBuilder(const GroupedTensors& grouped, const AdapterConfig& config)
      : grouped_(grouped), config_(config) {}

  AdapterFacts build(const std::map<std::string, std::string>& metadata, NormMode norms) {
    find_base(metadata);
    add_metadata(metadata);
    add_targets();
    count_parameters();
    add_norms(norms);
    summarise();
    add_warnings();
    return std::move(facts_);
  }

 private:
  void find_base(const std::map<std::string, std::string>& metadata) {
    FamilyFinding finding =
        find_family(grouped_.layers, grouped_.embeddings, metadata, config_.base_model);
    facts_.base = std::move(finding.base);
    facts_.base_candidates = std::move(finding.candidates);
    facts_.warnings = std::move(finding.warnings);
    const bool is_control =
        grouped_.is_stability_control ||
        std::any_of(grouped_.layers.begin(), grouped_.layers.end(), is_widened_input);
    facts_.kind = is_control ? "control_lora" : "lora";
    facts_.dialect =
        grouped_.is_stability_control ? "stability_control" : dialect_of(grouped_.layers);
    if (grouped_.layers.empty()) {
      facts_.kind = facts_.dialect = "textual_inversion";
    }
  }

  void add_metadata(const std::map<std::string, std::string>& metadata) {
    constexpr std::size_t kLongestValue = std::size_t{8} << 20U;
    for (const auto& [key, value] : metadata) {
      if (value.size() <= kLongestValue) {
        facts_.metadata.emplace(key, value);
      } else {
        facts_.warnings.push_back("the metadata value " + shown_name(key) + " is " +
                                  std::to_string(value.size()) + " bytes long and was left out");
      }
    }
    for (const Tensor* tensor : grouped_.embeddings) {
      facts_.embeddings.push_back(tensor->name);
    }
  }

  [[nodiscard]] bool denoiser_is_unet() const {
    if (!facts_.base_candidates.empty()) {
      return has_unet(facts_.base_candidates.front());
    }
    return std::any_of(grouped_.layers.begin(), grouped_.layers.end(),
                       [](const auto& layer) { return is_unet_module(flattened(layer.module)); });
  }

  [[nodiscard]] std::string component_of(const LayerUpdate& layer, bool is_unet) const {
    if (is_text_encoder(layer)) {
      const bool is_flux = facts_.base.compare(0, 4, "flux") == 0;
      if (layer.component.empty()) {
        return "text_encoder";
      }
      // FLUX has no third encoder: kohya numbers its T5 as SD3 does.
      return is_flux && layer.component == "text_encoder_3" ? "text_encoder_2" : layer.component;
    }
    if (layer.component == "transformer_2") {
      return layer.component;
    }
    return is_unet ? "unet" : "transformer";
  }

  void add_targets() {
    const bool is_unet = denoiser_is_unet();
    for (const LayerUpdate& layer : grouped_.layers) {
      const UpdateScale scaling = update_scale(layer, config_);
      Target target;
      target.name = layer.module;
      target.component = component_of(layer, is_unet);
      target.algorithm = algorithm_name(layer.algorithm);
      target.rank = rank_of(layer);
      target.alpha = scaling.alpha;
      target.is_conv = is_convolution(layer);
      target.is_dora = layer.has(Part::kDoraScale);
      target.frobenius_norm = target.additive_norm = kNan;
      facts_.targets.push_back(std::move(target));
      scales_.push_back(scaling.scale);
    }
  }

  void count_tensor(const Tensor& tensor) {
    const std::int64_t count = tensor.element_count();
    facts_.parameter_count += count;
    dtypes_[dtype_name(tensor.dtype)] += count;
  }

  void count_parameters() {
    for (const LayerUpdate& layer : grouped_.layers) {
      for (const Tensor* tensor : layer.parts) {
        if (tensor != nullptr && !is_scalar_part(layer, tensor)) {
          count_tensor(*tensor);
        }
      }
    }
    for (const Tensor* tensor : grouped_.embeddings) {
      count_tensor(*tensor);
    }
    facts_.dtype = most_frequent(dtypes_);
  }

  void add_norms(NormMode norms) {
    if (norms == NormMode::kSkip) {
      return;
    }
    was_computed_ = true;
    problems_.resize(grouped_.layers.size());
    parallel_for(grouped_.layers.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        UpdateNorm norm = update_norm(grouped_.layers[i], scales_[i]);
        facts_.targets[i].frobenius_norm = norm.whole;
        facts_.targets[i].additive_norm = norm.additive;
        problems_[i] = std::move(norm.problem);
      }
    });
  }

  void summarise() {
    std::map<std::string_view, int> algorithms;
    std::vector<std::int64_t> ranks;
    std::vector<double> alphas;
    double squares = 0;
    bool has_norm = false;
    for (const Target& target : facts_.targets) {
      ++algorithms[target.algorithm];
      if (target.rank > 0) {
        ranks.push_back(target.rank);
        alphas.push_back(target.alpha);
      }
      if (std::isfinite(target.frobenius_norm)) {
        squares += target.frobenius_norm * target.frobenius_norm;
        has_norm = true;
      }
    }
    facts_.algorithm = most_frequent(algorithms);
    facts_.rank = median(std::move(ranks));
    facts_.alpha = median(std::move(alphas));
    facts_.frobenius_norm = has_norm ? std::sqrt(squares) : kNan;
  }

  template <typename Predicate>
  [[nodiscard]] std::size_t count_targets(Predicate predicate) const {
    return static_cast<std::size_t>(
        std::count_if(facts_.targets.begin(), facts_.targets.end(), predicate));
  }

  void warn_of_targets(std::size_t count, const char* what) {
    if (count > 0) {
      facts_.warnings.push_back(std::to_string(count) + " of " +
                                std::to_string(facts_.targets.size()) + " targets " + what);
    }
  }

  void add_warnings() {
    constexpr std::size_t kMostProblems = 20;
    for (const Tensor* tensor : grouped_.unexplained) {
      facts_.unknown_keys.push_back(tensor->name);
    }
    std::vector<std::string> problems = grouped_.problems;
    for (std::size_t i = 0; i < problems_.size(); ++i) {
      if (!problems_[i].empty()) {
        problems.push_back("no norm for " + shown_name(facts_.targets[i].name) + ": " +
                           problems_[i]);
      }
    }
    const std::size_t shown = std::min(problems.size(), kMostProblems);
    facts_.warnings.insert(facts_.warnings.end(), problems.begin(),
                           problems.begin() + static_cast<std::ptrdiff_t>(shown));
    if (problems.size() > shown) {
      facts_.warnings.push_back("and " + std::to_string(problems.size() - shown) +
                                " more layers with problems");
    }
    if (grouped_.whole_weights > 0) {
      facts_.warnings.push_back(std::to_string(grouped_.whole_weights) +
                                " tensors are whole weights of the control network");
    }
    if (!facts_.unknown_keys.empty()) {
      facts_.warnings.push_back(std::to_string(facts_.unknown_keys.size()) +
                                " tensors are not explained by any naming dialect, the first is " +
                                shown_name(facts_.unknown_keys.front()));
    }
    if (was_computed_) {
      add_norm_warnings();
    }
  }

  void add_norm_warnings() {
    warn_of_targets(count_targets([](const Target& t) { return t.frobenius_norm == 0; }),
                    "are all zero");
    warn_of_targets(count_targets([](const Target& t) { return std::isinf(t.frobenius_norm); }),
                    "hold infinite numbers");
    std::size_t broken = 0;
    std::size_t dependent = 0;
    for (std::size_t i = 0; i < facts_.targets.size(); ++i) {
      const Target& target = facts_.targets[i];
      if (std::isnan(target.frobenius_norm) && problems_[i].empty()) {
        const bool adds_nothing_simply = std::isnan(target.additive_norm) && !is_additive(target);
        ++(target.is_dora || adds_nothing_simply ? dependent : broken);
      }
    }
    warn_of_targets(broken, "hold numbers that are not numbers (NaN)");
    warn_of_targets(dependent, "depend on the base model's weights, so the norm leaves them out");
  }

  static bool is_additive(const Target& target) {
    return target.algorithm == "lora" || target.algorithm == "loha" || target.algorithm == "lokr";
  }

  const GroupedTensors& grouped_;
  const AdapterConfig& config_;
  AdapterFacts facts_;
  std::vector<double> scales_;
  std::vector<std::string> problems_;
  std::map<std::string_view, std::int64_t> dtypes_;
  bool was_computed_ = false;
};

/// A file of nothing but token vectors has no layers; its tensors are unexplained until here.
void take_token_vectors(GroupedTensors& grouped) {
  const bool is_inversion =
      grouped.layers.empty() && grouped.problems.empty() &&
      std::all_of(grouped.unexplained.begin(), grouped.unexplained.end(),
                  [](const Tensor* tensor) { return looks_like_token_vectors(*tensor); });
  if (is_inversion) {
    grouped.embeddings.insert(grouped.embeddings.end(), grouped.unexplained.begin(),
                              grouped.unexplained.end());
    grouped.unexplained.clear();
  }
}

}  // namespace

AdapterFacts recognise_adapter(std::span<const Tensor> tensors,
                               const std::map<std::string, std::string>& metadata,
                               const AdapterConfig& config, std::string_view what, NormMode norms) {
  require(!tensors.empty(), ErrorCode::kUnsupported, what,
          " holds no tensors, so it is no adapter");
  GroupedTensors grouped = group_tensors(tensors, metadata);
  take_token_vectors(grouped);
  if (grouped.layers.empty() && grouped.embeddings.empty()) {
    const bool is_broken = !grouped.problems.empty();
    fail(ErrorCode::kUnsupported, what, " is not an adapter that stylus reads: ",
         is_broken ? grouped.problems.front() : "it holds " + std::string(look_of(tensors)), " (",
         tensors.size(), " tensors, the first is ", shown_name(tensors.front().name), ")");
  }
  return FactsBuilder(grouped, config).build(metadata, norms);
}

}  // namespace stylus::weights
