#include "evaluator/run_prompts.h"

#include <set>

#include "evaluator/json_fields.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::evaluator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLargestPromptFile = std::size_t{64} << 20U;
constexpr std::size_t kMaxPrompts = 1'000'000;

RunPrompt prompt_of(const json& entry, std::size_t number, const std::string& what) {
  RunPrompt prompt;
  if (entry.is_string()) {
    prompt.text = entry.get<std::string>();
  } else {
    require(entry.is_object() && entry.contains("prompt") && entry["prompt"].is_string(),
            ErrorCode::kCorruptData, what, ": prompt ", number,
            " has no \"prompt\" text; write a text, or an object with \"prompt\"");
    prompt.text = entry["prompt"].get<std::string>();
    if (entry.contains("id")) {
      prompt.id = entry["id"].is_string() ? entry["id"].get<std::string>() : entry["id"].dump();
    }
  }
  if (prompt.id.empty()) {
    prompt.id = std::to_string(number);
  }
  require(!prompt.text.empty(), ErrorCode::kCorruptData, what, ": prompt ", number,
          " is empty; fill it or leave it out");
  return prompt;
}

std::vector<RunPrompt> prompts_in_file(const fs::path& path) {
  const std::string text = read_file(path, kLargestPromptFile);
  std::vector<RunPrompt> prompts;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    const std::string what = path.string() + ":" + std::to_string(number);
    prompts.push_back(prompt_of(parse_json(line, what), prompts.size() + 1, what));
    require(prompts.size() <= kMaxPrompts, ErrorCode::kInvalidArgument, path.string(),
            " has more than ", kMaxPrompts,
            " prompts; split it, or take part of it with \"limit\"");
  });
  return prompts;
}

}  // namespace

std::vector<RunPrompt> read_run_prompts(const json& value, const fs::path& folder,
                                        const std::string& what) {
  std::vector<RunPrompt> prompts;
  if (value.is_array()) {
    for (const json& entry : value) {
      prompts.push_back(prompt_of(entry, prompts.size() + 1, what));
    }
  } else {
    JsonFields fields(value, what + ": prompts");
    const std::string name = fields.text("file", "");
    require(!name.empty(), ErrorCode::kCorruptData, what,
            ": prompts must be a list, or an object with \"file\"");
    prompts = prompts_in_file((folder / name).lexically_normal());
    const auto first = static_cast<std::size_t>(fields.count("first", 1, 1, 1'000'000));
    const auto limit = static_cast<std::size_t>(fields.count("limit", 0, 0, 1'000'000));
    const auto every = static_cast<std::size_t>(fields.count("every", 1, 1, 1'000'000));
    fields.refuse_unknown();
    std::vector<RunPrompt> chosen;
    for (std::size_t i = first - 1; i < prompts.size(); i += every) {
      if (limit == 0 || chosen.size() < limit) {
        chosen.push_back(prompts[i]);
      }
    }
    prompts = std::move(chosen);
  }
  require(
      !prompts.empty(), ErrorCode::kInvalidArgument, what,
      ": there are no prompts; check \"first\", \"every\" and \"limit\" against the file's length");
  std::set<std::string> ids;
  for (const RunPrompt& prompt : prompts) {
    require(ids.insert(prompt.id).second, ErrorCode::kInvalidArgument, what,
            ": two prompts have the id '", prompt.id,
            "'; ids must differ, a prompt's seeds follow from it");
  }
  return prompts;
}

}  // namespace stylus::evaluator
