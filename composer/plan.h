#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::composer {

/// Why an adapter was proposed for a keyword: a field of its card and what matched there.
struct Evidence {
  std::string field;  ///< "name", "tags", "trigger", "description", "meaning"
  std::string match;
};

struct PlanPick {
  std::string id;
  std::string name;
  double score = 0;  ///< Confidence of this pick, on the scale of Keyword::confidence.
  std::vector<Evidence> evidence;
  std::string unknown_fields_json = "{}";  ///< As Plan::unknown_fields_json, here and below.
};

struct RunnerUp {
  std::string id;
  std::string name;
  double score = 0;
  std::string why_not;  ///< For people: "two style adapters already".
  std::string unknown_fields_json = "{}";
};

/// One stretch of the prompt that an adapter could serve.
struct Keyword {
  std::string text;
  std::size_t begin = 0, end = 0;  ///< Byte offsets [begin, end) into Plan::prompt.
  std::string decision;            ///< "covered" or "abstained"
  double confidence = 0;  ///< Calibrated probability that the pick serves the keyword, [0, 1].
  std::string reason;     ///< When abstained.
  std::vector<PlanPick> picks;
  std::vector<RunnerUp> runners_up;
  std::string unknown_fields_json = "{}";
};

struct WeightEvidence {
  std::string source;  ///< "user", "example_prompts", "card", "model", "default"
  double base = 0;     ///< The weight before the plan's rule scaled it.
  std::optional<double> median;
  std::optional<int> count;
  std::string text;  ///< "card": the words it was read from.
};

struct PlanTrigger {
  std::string text;
  bool inserted = false;  ///< The prompt lacked it and rendered_prompt has it.
};

/// What a renderer needs of one adapter.
struct PlanAdapter {
  std::string id, name, sha256, autov3, file, kind, base;
  double weight = 0;
  double text_encoder_weight = 0;
  WeightEvidence weight_evidence;
  std::vector<int> keywords;  ///< Indices into Plan::keywords.
  std::vector<PlanTrigger> triggers;
  std::string licence_json = "{}";  ///< Licence flags of the card as a JSON object.
  std::string unknown_fields_json = "{}";
};

struct PlanImage {
  std::int64_t seed = 0;
  std::vector<bool> mask;  ///< One entry per adapter: on or off in this image.
  std::string unknown_fields_json = "{}";
};

/// The whole answer: complete, so that rendering it needs no catalogue, only the files.
/// Format: docs/formats.md#plan (design 4.2).
struct Plan {
  std::string id;  ///< Batch form: the request's id; else "".
  std::string prompt, negative_prompt, base;
  std::int64_t catalog_revision = 0, catalog_adapters = 0;
  std::string encoder;  ///< "" when the plan was made without one.
  std::string composer_kind = "local";
  std::string composer_options_json = "{}";
  std::vector<Keyword> keywords;
  std::vector<PlanAdapter> adapters;
  std::string rendered_prompt;
  std::vector<PlanImage> images;
  std::vector<std::string> warnings;
  std::string unknown_fields_json = "{}";  ///< Fields of a newer minor version, kept as read.
};

/// The plan as JSON, keys in the order of design 4.2; scores and weights have four decimals.
///
/// indent: blanks per level, or -1 for one line.
/// Ensures: the same plan -> the same bytes. Texts that are not UTF-8 are repaired.
[[nodiscard]] std::string plan_to_json(const Plan& plan, int indent = -1);

/// Reads a plan. Unknown fields are kept, at every level.
///
/// `what` names the text in messages ("plan.json").
/// Requires: a plan of major version 1 of at most 16 MiB whose spans lie in the prompt on borders
///           of characters and do not overlap, whose indices are in range and whose numbers are
///           finite, else Error(kCorruptData), or Error(kUnsupported) for another version.
[[nodiscard]] Plan plan_from_json(std::string_view text, std::string_view what);

}  // namespace stylus::composer
