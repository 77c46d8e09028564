#include "weights/family_detection.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "support/text.h"
#include "weights/base_family.h"
#include "weights/tensor_family.h"

namespace stylus::weights {
namespace {

/// Families that no tensor tells apart from SDXL although a person would not mix them.
constexpr std::array<std::string_view, 4> kSdxlShaped = {"kolors", "ssd_1b", "segmind_vega",
                                                         "playground_v2"};

std::string_view value_of(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto entry = metadata.find(key);
  return entry == metadata.end() ? std::string_view() : std::string_view(entry->second);
}

/// The family that the trainer noted.
std::string noted_family(const std::map<std::string, std::string>& metadata,
                         std::string_view base_model_hint) {
  for (const char* key : {"ss_base_model_version", "ss_base_model", "modelspec.architecture"}) {
    std::string family = base_family(value_of(metadata, key));
    if (!family.empty()) {
      return family;
    }
  }
  if (value_of(metadata, "ss_v2") == "True") {
    return "sd2";
  }
  return base_family(base_model_hint);
}

/// The family that the name of the checkpoint gives away ("ponyDiffusionV6XL.safetensors"), or that
/// the training tags do: score_9 is a quality tag of Pony.
std::string checkpoint_family(const std::map<std::string, std::string>& metadata) {
  struct Hint {
    std::string_view piece;
    std::string_view family;
  };
  static constexpr auto kHints = std::to_array<Hint>({{"noob", "noobai"},
                                                      {"illustrious", "illustrious"},
                                                      {"pony", "pony"},
                                                      {"kontext", "flux1_kontext"},
                                                      {"chroma", "chroma"},
                                                      {"kolors", "kolors"},
                                                      {"ssd-1b", "ssd_1b"}});
  constexpr std::size_t kTagsToSearch = std::size_t{1} << 20U;
  const std::string name = to_lower(truncate_utf8(value_of(metadata, "ss_sd_model_name"), 500));
  for (const Hint& hint : kHints) {
    if (name.find(hint.piece) != std::string::npos) {
      return std::string(hint.family);
    }
  }
  const std::string_view tags = value_of(metadata, "ss_tag_frequency").substr(0, kTagsToSearch);
  return tags.find("score_9") != std::string_view::npos ? "pony" : "";
}

bool holds(const std::vector<std::string>& families, std::string_view family) {
  return std::find(families.begin(), families.end(), family) != families.end();
}

bool is_allowed(const std::vector<std::string>& families, std::string_view family) {
  return holds(families, family) ||
         (holds(families, "sdxl") &&
          std::find(kSdxlShaped.begin(), kSdxlShaped.end(), family) != kSdxlShaped.end());
}

/// A note that contradicts nothing because it does not say enough.
bool is_vague(std::string_view family) { return family == "other" || family == "sd35"; }

void put_first(std::vector<std::string>& families, const std::string& family) {
  families.erase(std::remove(families.begin(), families.end(), family), families.end());
  families.insert(families.begin(), family);
}

/// True if the likeliest family may be taken although others fit: its adapters work on them too,
/// or the others are rare. CLIP-L alone, in contrast, may belong to anything.
bool has_likeliest(const std::vector<std::string>& families) {
  static const std::vector<std::vector<std::string>> kUndecided = {
      {"sd15", "sdxl"},     {"sd15", "sd2"},        {"sd3", "sd35_medium"},
      {"cogview4", "ltx2"}, {"cogvideox", "mochi"}, {"flux1", "sd3"}};
  return std::none_of(kUndecided.begin(), kUndecided.end(), [&](const auto& pair) {
    return families.size() >= 2 && families[0] == pair[0] && families[1] == pair[1];
  });
}

}  // namespace

bool has_unet(std::string_view family) {
  static constexpr auto kUnetFamilies = std::to_array<std::string_view>(
      {"sd15", "sd2", "sdxl", "pony", "illustrious", "noobai", "sdxl_refiner", "ssd_1b",
       "segmind_vega", "kolors", "playground_v2", "stable_cascade", "svd", "mini"});
  return std::find(kUnetFamilies.begin(), kUnetFamilies.end(), family) != kUnetFamilies.end();
}

bool is_unet_module(std::string_view flat_module) {
  static constexpr auto kMarks =
      std::to_array<std::string_view>({"down_blocks_", "up_blocks_", "mid_block_", "input_blocks_",
                                       "output_blocks_", "middle_block_"});
  return std::any_of(kMarks.begin(), kMarks.end(), [&](std::string_view mark) {
    return flat_module.substr(0, mark.size()) == mark;
  });
}

bool is_text_encoder(const LayerUpdate& layer) {
  const auto starts = [&](std::string_view start) {
    return layer.module.compare(0, start.size(), start) == 0;
  };
  return layer.component.compare(0, 12, "text_encoder") == 0 ||
         (layer.component.empty() && (starts("text_model") || starts("text_encoder")));
}

FamilyFinding find_family(std::span<const LayerUpdate> layers,
                          std::span<const Tensor* const> embeddings,
                          const std::map<std::string, std::string>& metadata,
                          std::string_view base_model_hint) {
  FamilyFinding finding;
  finding.candidates =
      layers.empty() ? families_of_embeddings(embeddings) : families_of_layers(layers);
  const std::string noted = noted_family(metadata, base_model_hint);
  const std::string named = checkpoint_family(metadata);
  if (finding.candidates.empty()) {
    finding.base = noted.empty() ? named : noted;
    if (!finding.base.empty()) {
      finding.candidates = {finding.base};
    }
    return finding;
  }
  if (!noted.empty() && !is_vague(noted) && !is_allowed(finding.candidates, noted)) {
    finding.warnings.push_back("the metadata say " + noted + ", but the tensors fit " +
                               join(finding.candidates, " or ") + " only");
  }
  for (const std::string& family : {named, noted}) {
    if (!family.empty() && is_allowed(finding.candidates, family)) {
      put_first(finding.candidates, family);
      finding.base = family;
      return finding;
    }
  }
  if (has_likeliest(finding.candidates)) {
    finding.base = finding.candidates.front();
  }
  return finding;
}

}  // namespace stylus::weights
