#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>

#include "composer/plan.h"
#include "support/error.h"
#include "support/json.h"

namespace stylus::composer {
namespace {

using Json = nlohmann::ordered_json;  // unknown fields keep their order

constexpr std::size_t kMaxPlanBytes = std::size_t{16} << 20U;

/// One JSON value with its place in the plan, so that every complaint says where.
class Field {
 public:
  Field(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  [[nodiscard]] const Json& json() const { return json_; }
  [[nodiscard]] const std::string& where() const { return where_; }

  void expect(bool ok, const char* expected) const {
    require(ok, ErrorCode::kCorruptData, where_, " must be ", expected, ", but is ",
            json_.type_name());
  }
  [[nodiscard]] bool has(const char* key) const { return json_.contains(key); }
  [[nodiscard]] Field at(const char* key) const {
    require(json_.is_object() && json_.contains(key), ErrorCode::kCorruptData, where_,
            " lacks the field \"", key, "\"");
    return {json_.at(key), where_ + "." + key};
  }
  [[nodiscard]] Field at(std::size_t index) const {
    return {json_.at(index), where_ + "[" + std::to_string(index) + "]"};
  }
  /// Elements of an array.
  [[nodiscard]] std::size_t size() const {
    expect(json_.is_array(), "a list");
    return json_.size();
  }
  [[nodiscard]] std::string text() const {
    expect(json_.is_string(), "a text");
    return json_.get<std::string>();
  }
  [[nodiscard]] double number() const {
    expect(json_.is_number(), "a number");
    const auto value = json_.get<double>();
    require(std::isfinite(value), ErrorCode::kCorruptData, where_, " is not a finite number");
    return value;
  }
  [[nodiscard]] bool flag() const {
    expect(json_.is_boolean(), "true or false");
    return json_.get<bool>();
  }
  [[nodiscard]] std::int64_t integer(std::int64_t low, std::int64_t high) const {
    expect(json_.is_number_integer(), "a whole number");
    // Unsigned values beyond int64 would wrap around and pass a check of the range.
    const bool fits = !json_.is_number_unsigned() ||
                      json_.get<std::uint64_t>() <=
                          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const std::int64_t value = fits ? json_.get<std::int64_t>() : 0;
    require(fits && value >= low && value <= high, ErrorCode::kCorruptData, where_, " is ",
            json_.dump(), ", outside ", low, " … ", high);
    return value;
  }
  [[nodiscard]] std::string text_or(const char* key, const char* fallback) const {
    return has(key) ? at(key).text() : fallback;
  }
  [[nodiscard]] std::string object_or_empty(const char* key) const {
    if (!has(key)) {
      return "{}";
    }
    const Field field = at(key);
    field.expect(field.json().is_object(), "an object");
    return field.json().dump();
  }

 private:
  const Json& json_;
  std::string where_;
};

std::string unknown_fields(const Field& field, std::initializer_list<const char*> known) {
  Json rest = field.json();
  for (const char* key : known) {
    rest.erase(key);
  }
  return rest.empty() ? "{}" : rest.dump();
}

void expect_object(const Field& field) { field.expect(field.json().is_object(), "an object"); }

bool starts_a_character(const std::string& text, std::size_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
}

template <typename T, typename Read>
std::vector<T> read_list(const Field& parent, const char* key, const Read& read) {
  std::vector<T> values;
  if (!parent.has(key)) {
    return values;
  }
  const Field list = parent.at(key);
  const std::size_t size = list.size();
  for (std::size_t i = 0; i < size; ++i) {
    values.push_back(read(list.at(i)));
  }
  return values;
}

Evidence read_evidence(const Field& field) {
  expect_object(field);
  return {field.at("field").text(), field.at("match").text()};
}

PlanPick read_pick(const Field& field) {
  expect_object(field);
  PlanPick pick;
  pick.id = field.at("id").text();
  pick.name = field.text_or("name", "");
  pick.score = field.has("score") ? field.at("score").number() : 0;
  pick.evidence = read_list<Evidence>(field, "evidence", read_evidence);
  pick.unknown_fields_json = unknown_fields(field, {"id", "name", "score", "evidence"});
  return pick;
}

RunnerUp read_runner_up(const Field& field) {
  expect_object(field);
  RunnerUp runner;
  runner.id = field.at("id").text();
  runner.name = field.text_or("name", "");
  runner.score = field.has("score") ? field.at("score").number() : 0;
  runner.why_not = field.text_or("why_not", "");
  runner.unknown_fields_json = unknown_fields(field, {"id", "name", "score", "why_not"});
  return runner;
}

Keyword read_keyword(const Field& field, const std::string& prompt) {
  expect_object(field);
  Keyword keyword;
  const Field span = field.at("span");
  require(span.size() == 2, ErrorCode::kCorruptData, span.where(), " has ", span.size(),
          " numbers, expected 2");
  const auto size = static_cast<std::int64_t>(prompt.size());
  keyword.begin = static_cast<std::size_t>(span.at(std::size_t{0}).integer(0, size));
  keyword.end = static_cast<std::size_t>(
      span.at(std::size_t{1}).integer(static_cast<std::int64_t>(keyword.begin), size));
  require(starts_a_character(prompt, keyword.begin) && starts_a_character(prompt, keyword.end),
          ErrorCode::kCorruptData, span.where(), " cuts a character of the prompt in two");
  keyword.text = field.at("text").text();
  keyword.decision = field.at("decision").text();
  require(keyword.decision == "covered" || keyword.decision == "abstained", ErrorCode::kCorruptData,
          field.where(), ".decision is \"", keyword.decision,
          "\", expected \"covered\" or \"abstained\"");
  keyword.confidence = field.has("confidence") ? field.at("confidence").number() : 0;
  keyword.reason = field.text_or("reason", "");
  keyword.picks = read_list<PlanPick>(field, "picks", read_pick);
  keyword.runners_up = read_list<RunnerUp>(field, "runners_up", read_runner_up);
  keyword.unknown_fields_json = unknown_fields(
      field, {"text", "span", "decision", "confidence", "reason", "picks", "runners_up"});
  return keyword;
}

WeightEvidence read_weight_evidence(const Field& field) {
  expect_object(field);
  WeightEvidence evidence;
  evidence.source = field.text_or("source", "");
  evidence.base = field.has("base") ? field.at("base").number() : 0;
  if (field.has("median")) {
    evidence.median = field.at("median").number();
  }
  if (field.has("count")) {
    evidence.count =
        static_cast<int>(field.at("count").integer(0, std::numeric_limits<std::int32_t>::max()));
  }
  evidence.text = field.text_or("text", "");
  return evidence;
}

PlanTrigger read_trigger(const Field& field) {
  expect_object(field);
  return {field.at("text").text(), field.has("inserted") && field.at("inserted").flag()};
}

PlanAdapter read_adapter(const Field& field, std::size_t keywords) {
  expect_object(field);
  PlanAdapter adapter;
  adapter.id = field.at("id").text();
  adapter.name = field.text_or("name", "");
  adapter.sha256 = field.text_or("sha256", "");
  adapter.autov3 = field.text_or("autov3", "");
  adapter.file = field.text_or("file", "");
  adapter.kind = field.text_or("kind", "lora");
  adapter.base = field.text_or("base", "");
  adapter.weight = field.at("weight").number();
  adapter.text_encoder_weight =
      field.has("text_encoder_weight") ? field.at("text_encoder_weight").number() : adapter.weight;
  if (field.has("weight_evidence")) {
    adapter.weight_evidence = read_weight_evidence(field.at("weight_evidence"));
  }
  adapter.keywords = read_list<int>(field, "keywords", [&](const Field& index) {
    return static_cast<int>(index.integer(0, static_cast<std::int64_t>(keywords) - 1));
  });
  adapter.triggers = read_list<PlanTrigger>(field, "triggers", read_trigger);
  adapter.licence_json = field.object_or_empty("licence");
  adapter.unknown_fields_json = unknown_fields(
      field, {"id", "name", "sha256", "autov3", "file", "kind", "base", "weight",
              "text_encoder_weight", "weight_evidence", "keywords", "triggers", "licence"});
  return adapter;
}

PlanImage read_image(const Field& field, std::size_t adapters) {
  expect_object(field);
  PlanImage image;
  image.seed = field.at("seed").integer(std::numeric_limits<std::int64_t>::min(),
                                        std::numeric_limits<std::int64_t>::max());
  const Field mask = field.at("mask");
  require(mask.size() == adapters, ErrorCode::kCorruptData, mask.where(), " has ", mask.size(),
          " entries for ", adapters, " adapters");
  for (std::size_t i = 0; i < adapters; ++i) {
    image.mask.push_back(mask.at(i).flag());
  }
  image.unknown_fields_json = unknown_fields(field, {"seed", "mask"});
  return image;
}

void check_version(const Field& plan) {
  require(plan.json().is_object() && plan.has("stylus_plan"), ErrorCode::kCorruptData, plan.where(),
          " is not a stylus plan: it lacks the field \"stylus_plan\"");
  const Field version = plan.at("stylus_plan");
  version.expect(version.json().is_number_integer(), "a whole number");
  require(version.json() == 1, ErrorCode::kUnsupported, plan.where(),
          " is a plan of major version ", version.json().dump(),
          "; this program reads version 1, so read it with a newer stylus");
}

void check_overlaps(const Plan& plan, const std::string& where) {
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  spans.reserve(plan.keywords.size());
  for (const Keyword& keyword : plan.keywords) {
    spans.emplace_back(keyword.begin, keyword.end);
  }
  std::sort(spans.begin(), spans.end());
  for (std::size_t i = 1; i < spans.size(); ++i) {
    require(spans[i].first >= spans[i - 1].second, ErrorCode::kCorruptData, where,
            ": two keywords overlap at byte ", spans[i].first, " of the prompt");
  }
}

}  // namespace

Plan plan_from_json(std::string_view text, std::string_view what) {
  JsonLimits limits;
  limits.max_bytes = kMaxPlanBytes;
  static_cast<void>(parse_json(text, what, limits));  // checks bounds, form and UTF-8
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  const Json json = Json::parse(text);
  const Field field(json, std::string(what));
  check_version(field);

  Plan plan;
  plan.id = field.text_or("id", "");
  plan.prompt = field.at("prompt").text();
  plan.negative_prompt = field.text_or("negative_prompt", "");
  plan.base = field.text_or("base", "");
  if (field.has("catalog")) {
    const Field catalog = field.at("catalog");
    expect_object(catalog);
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    plan.catalog_revision = catalog.has("revision") ? catalog.at("revision").integer(0, kMax) : 0;
    plan.catalog_adapters = catalog.has("adapters") ? catalog.at("adapters").integer(0, kMax) : 0;
  }
  plan.encoder = field.text_or("encoder", "");
  if (field.has("composer")) {
    const Field composer = field.at("composer");
    expect_object(composer);
    plan.composer_kind = composer.text_or("kind", "local");
    plan.composer_options_json = composer.object_or_empty("options");
  }
  plan.keywords = read_list<Keyword>(
      field, "keywords", [&](const Field& each) { return read_keyword(each, plan.prompt); });
  check_overlaps(plan, field.where());
  plan.adapters = read_list<PlanAdapter>(field, "adapters", [&](const Field& each) {
    return read_adapter(each, plan.keywords.size());
  });
  plan.rendered_prompt =
      field.has("rendered_prompt") ? field.at("rendered_prompt").text() : plan.prompt;
  plan.images = read_list<PlanImage>(
      field, "images", [&](const Field& each) { return read_image(each, plan.adapters.size()); });
  plan.warnings =
      read_list<std::string>(field, "warnings", [](const Field& each) { return each.text(); });
  plan.unknown_fields_json = unknown_fields(
      field, {"stylus_plan", "id", "prompt", "negative_prompt", "base", "catalog", "encoder",
              "composer", "keywords", "adapters", "rendered_prompt", "images", "warnings"});
  return plan;
}

}  // namespace stylus::composer
