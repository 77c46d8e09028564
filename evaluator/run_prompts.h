#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace stylus::evaluator {

struct RunPrompt {
  std::string id;    ///< Unique in a run; its number from 1 where the file gives none.
  std::string text;  ///< Never empty.
};

/// The prompts of a run file's "prompts": a list of texts or {"id", "prompt"}, or an object
/// {"file", "first": 1, "every": 1, "limit": 0} that takes every so-manieth of a JSON-lines file,
/// from number `first` on, at most `limit` (0: all). Paths are relative to `folder`.
///
/// Requires: at least one prompt, at most 1,000,000, none empty, ids unique, else
///           Error(kCorruptData, kInvalidArgument) that names the prompt; Error(kNotFound) for a
///           missing file.
[[nodiscard]] std::vector<RunPrompt> read_run_prompts(const nlohmann::json& value,
                                                      const std::filesystem::path& folder,
                                                      const std::string& what);

}  // namespace stylus::evaluator
