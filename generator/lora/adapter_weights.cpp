#include "generator/lora/adapter_weights.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "generator/lora/layer_fit.h"
#include "support/error.h"
#include "support/file.h"
#include "weights/adapter_config.h"
#include "weights/adapter_file.h"
#include "weights/foreign_format.h"
#include "weights/layer_update.h"
#include "weights/recogniser.h"
#include "weights/safetensors_file.h"
#include "weights/shown_name.h"
#include "weights/update_scale.h"

namespace stylus::generator {
namespace {

using weights::LayerUpdate;
using weights::Part;
using weights::shown_name;

void refuse_unsupported(const LayerUpdate& layer, std::string_view what) {
  const auto refuse = [&](std::string_view name) {
    fail(ErrorCode::kUnsupported, what, " is ", name, " (layer ", shown_name(layer.module),
         "), which the generator does not apply; ask its maker for one in the plain form");
  };
  if (layer.has(Part::kReshapeWeight)) {
    refuse("an adapter that enlarges layers of its base model");
  }
  if (layer.has(Part::kGloraBm)) {
    refuse("a GLoRA adapter with a Tucker core");
  }
}

/// Layers and addresses of one file, before its tensors are read.
class Mapper {
 public:
  Mapper(const KeyMap& keys, AdapterReport& report) : keys_(keys), report_(report) {}

  /// The layer of the model that `layer` changes, or null; counts and reports.
  const LayerAddress* map(const LayerUpdate& layer, const std::string& component) {
    const std::string& part = component == "transformer" ? kDenoiser : component;
    if (!keys_.has_component(part)) {
      ++report_.foreign_layers;
      return nullptr;
    }
    ++report_.layers;
    const LayerAddress* address = find(layer, part);
    std::string reason;
    if (address == nullptr) {
      reason = "the model has no such layer";
    } else if (reason = update_misfit(layer, address->layer->weight().sizes()); reason.empty()) {
      if (taken_.insert(address->layer).second) {
        ++report_.applied;
        return address;
      }
      reason = "another name of " + address->path + ", which the file changes already";
    }
    leave_out(layer, reason);
    if (first_misfit_.empty()) {
      first_misfit_ = shown_name(layer.module) + ": " + reason;
    }
    return nullptr;
  }

  [[nodiscard]] const std::string& first_misfit() const { return first_misfit_; }

 private:
  [[nodiscard]] const LayerAddress* find(const LayerUpdate& layer,
                                         const std::string& component) const {
    if (layer.prefix != weights::Prefix::kIndexed) {
      return keys_.find(component, layer.module);
    }
    std::size_t index = 0;
    const char* end = layer.module.data() + layer.module.size();
    const auto [stop, error] = std::from_chars(layer.module.data(), end, index);
    const std::span<const LayerAddress> counted = keys_.counted_layers(component);
    return error == std::errc{} && stop == end && index < counted.size() ? &counted[index]
                                                                         : nullptr;
  }

  void leave_out(const LayerUpdate& layer, const std::string& reason) {
    report_.unused.push_back(layer.module + ": " + reason);
  }

  inline static const std::string kDenoiser = "unet";
  const KeyMap& keys_;
  AdapterReport& report_;
  std::set<const nn::Layer*> taken_;
  std::string first_misfit_;
};

std::string look_of(const weights::AdapterFacts& facts) {
  const std::string family = facts.base.empty() ? "an unknown base family" : facts.base;
  return "an adapter for " + family + " (" + facts.dialect + " names, " + facts.algorithm +
         ", rank " + std::to_string(facts.rank) + ")";
}

void check_coverage(const AdapterReport& report, const weights::AdapterFacts& facts,
                    const std::string& first_misfit, double least, std::string_view what) {
  require(
      report.layers > 0, ErrorCode::kUnsupported, what,
      " changes no layer of this model's parts; it looks like ", look_of(facts),
      report.foreign_layers > 0 ? " that changes text encoders or a denoiser not loaded here" : "");
  if (report.applied == 0 || report.coverage() < least) {
    fail(ErrorCode::kUnsupported, what, " fits this model in only ", report.applied, " of ",
         report.layers, " layers (", std::floor(100 * report.coverage()), " %, at least ",
         std::ceil(100 * least), " % are needed); it looks like ", look_of(facts),
         ". The first that does not fit is ", first_misfit,
         ". Use it with a checkpoint of its own base family");
  }
}

void note_leftovers(const weights::AdapterFacts& facts, const weights::GroupedTensors& grouped,
                    AdapterReport& report) {
  report.warnings = facts.warnings;
  for (const weights::Tensor* tensor : grouped.unexplained) {
    report.unused.push_back(tensor->name + ": no known part of a layer");
  }
  if (!facts.embeddings.empty()) {
    report.warnings.push_back(std::to_string(facts.embeddings.size()) +
                              " learned token vectors in the file are not part of the layers; "
                              "load the file as a textual inversion too");
  }
  if (report.applied < report.layers) {
    report.warnings.push_back(std::to_string(report.layers - report.applied) + " of " +
                              std::to_string(report.layers) + " layers do not fit this model");
  }
}

void pin(LayerFactors& layer) {
  const auto move = [](at::Tensor& tensor) {
    tensor = tensor.defined() ? tensor.pin_memory() : tensor;
  };
  std::for_each(layer.factors.begin(), layer.factors.end(), move);
  move(layer.magnitude);
  move(layer.bias);
}

struct Mapped {
  const LayerUpdate* update;
  const LayerAddress* address;
};

AdapterPtr load_bytes(std::span<const std::byte> bytes, const weights::AdapterConfig& beside,
                      std::string_view what, const KeyMap& keys,
                      const AdapterLoadOptions& options) {
  weights::refuse_foreign_format(bytes, what);
  const weights::Safetensors content = weights::parse_safetensors(bytes, what);
  const weights::AdapterConfig config =
      weights::config_inside(content.metadata, what).value_or(beside);
  const weights::AdapterFacts facts = weights::recognise_adapter(
      content.tensors, content.metadata, config, what, weights::NormMode::kSkip);
  require(facts.kind == "lora", ErrorCode::kUnsupported, what, " is a ", facts.kind,
          ", not an adapter of layers; load a textual inversion as one");
  const weights::GroupedTensors grouped = weights::group_tensors(content.tensors, content.metadata);

  auto result = std::make_shared<AdapterWeights>();
  AdapterReport& report = result->report;
  report.file = what;
  report.base = facts.base;
  report.dialect = facts.dialect;
  Mapper mapper(keys, report);
  std::vector<Mapped> mapped;
  for (std::size_t i = 0; i < grouped.layers.size(); ++i) {
    refuse_unsupported(grouped.layers[i], what);
    if (const LayerAddress* address = mapper.map(grouped.layers[i], facts.targets[i].component)) {
      mapped.push_back({&grouped.layers[i], address});
    }
  }
  check_coverage(report, facts, mapper.first_misfit(), options.least_coverage, what);
  note_leftovers(facts, grouped, report);

  result->layers.reserve(mapped.size());
  for (const auto& [update, address] : mapped) {
    LayerFactors layer = make_layer_factors(*update, weights::update_scale(*update, config).scale,
                                            address->layer->weight().sizes());
    layer.component = address->component;
    layer.path = address->path;
    layer.number = address->number;
    if (options.pinned) {
      pin(layer);
    }
    result->bytes += byte_count(layer);
    result->layers.push_back(std::move(layer));
  }
  return result;
}

}  // namespace

AdapterPtr load_adapter(const std::filesystem::path& file, const KeyMap& keys,
                        const AdapterLoadOptions& options) {
  const c10::InferenceMode guard;
  const MappedFile mapped(file);
  return load_bytes(mapped.bytes(), weights::config_beside(file), shown_name(file.string()), keys,
                    options);
}

AdapterPtr load_adapter(std::span<const std::byte> bytes, std::string_view what, const KeyMap& keys,
                        const AdapterLoadOptions& options) {
  const c10::InferenceMode guard;
  return load_bytes(bytes, {}, what, keys, options);
}

}  // namespace stylus::generator
