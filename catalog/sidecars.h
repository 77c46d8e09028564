#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/card.h"
#include "catalog/card_line.h"

namespace stylus::catalog {

/// The tools whose files beside an adapter we read, strongest first: what a person typed into
/// their own tool counts before what was downloaded, and texts before bare names.
enum class SidecarKind {
  kUserJson,         ///< `<stem>.json` of A1111, Forge and civitai-helper, or an InvokeAI record.
  kLoraManager,      ///< `<stem>.metadata.json`
  kCivitaiInfo,      ///< `<stem>.civitai.info`
  kStabilityMatrix,  ///< `<stem>.cm-info.json`
  kSwarm,            ///< `<stem>.swarm.json`
  kDescriptionText,  ///< `<stem>.description.txt`, `<stem>.txt`
};

struct Sidecar {
  SidecarKind kind{};
  std::filesystem::path path;
};

/// Everything beside one adapter file.
struct SidecarSet {
  std::vector<Sidecar> files;         ///< Strongest first.
  std::vector<std::string> previews;  ///< Paths, the one to show first.
};

/// Finds the sidecars of `stem` ("ukiyoe" of "ukiyoe.safetensors") among the file names of its
/// folder. Every name that belongs to the stem is added to `used`.
[[nodiscard]] SidecarSet find_sidecars(const std::filesystem::path& folder, const std::string& stem,
                                       const std::set<std::string>& names,
                                       std::set<std::string>& used);

/// The stem that a file name would be a sidecar of, if its ending alone says that it is one.
[[nodiscard]] std::optional<std::string> sidecar_stem(const std::string& name);

/// What one sidecar says; nothing if its shape is not the tool's (a `.json` of other content).
/// Requires: well-formed JSON within bounds for the JSON kinds, else Error(kCorruptData); an
///           adapter, as far as it says so, else Error(kUnsupported).
[[nodiscard]] std::optional<Card> read_sidecar(SidecarKind kind, std::string_view text,
                                               ExamplePrompts prompts);

/// What the metadata inside a safetensors header says (kohya's ss_*, modelspec.*).
[[nodiscard]] Card card_of_metadata(const std::map<std::string, std::string>& metadata);

}  // namespace stylus::catalog
