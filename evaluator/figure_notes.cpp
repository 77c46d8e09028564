#include "evaluator/figure_notes.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "composer/plan.h"

namespace stylus::evaluator {
namespace {

constexpr std::size_t kFewPrompts = 100;
constexpr std::size_t kFewForDistances = 2048;  // Inception's width: below it no full covariance

class Warnings {
 public:
  template <typename... Parts>
  void add(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    texts_.push_back(text.str());
  }
  std::vector<std::string> take() { return std::move(texts_); }

 private:
  std::vector<std::string> texts_;
};

void add_numbers(const RunResults& results, const Figures& figures, Warnings& warnings) {
  const Manifest& run = results.manifest;
  if (run.prompts.size() < kFewPrompts) {
    warnings.add("only ", run.prompts.size(), " prompts: intervals are wide, and the bootstrap ",
                 "makes them a little too narrow");
  }
  std::set<std::size_t> counts;
  for (const GroupFigures& group : figures.groups) {
    counts.insert(group.pictures);
  }
  if (counts.size() > 1) {
    warnings.add("the methods have unequal numbers of pictures (", *counts.begin(), " to ",
                 *counts.rbegin(), "); distances of sets are not comparable");
  }
  const auto open = std::count_if(results.pictures.begin(), results.pictures.end(),
                                  [](const auto& p) { return p.state == PictureState::kOpen; });
  if (open > 0) {
    warnings.add(open, " pictures are not made yet");
  }
  if (!figures.failures.empty()) {
    warnings.add(figures.failures.size(),
                 " plans or pictures failed and are missing in all figures");
  }
}

void add_reading(const RunResults& results, const Figures& figures, Warnings& warnings) {
  const Manifest& run = results.manifest;
  if (run.best_of > 1) {
    warnings.add("best of ", run.best_of, " favours whatever varies more between seeds; compare ",
                 "the means, and print both");
  }
  if (results.texts_truncated > 0) {
    warnings.add(results.texts_truncated,
                 " prompts are longer than the text tower reads and were cut");
  }
  if (run.pictures < 2) {
    warnings.add("one picture a prompt: no spread within prompts, no diversity");
  }
  if (figures.groups.empty()) {
    return;
  }
  const GroupFigures& any = figures.groups.front();
  std::size_t fewest = any.pictures;
  for (const GroupFigures& group : figures.groups) {
    fewest = std::min(fewest, group.pictures);
  }
  if (!any.reference.empty() && fewest < kFewForDistances) {
    warnings.add("distances to the reference are of as few as ", fewest, " pictures and ",
                 any.reference.front().reference, " real ones: Fréchet distances are biased ",
                 "upwards by about 1/n and compare only at equal numbers");
  }
  if (!results.keywords.texts.empty() && any.presence_prompts < run.prompts.size()) {
    warnings.add("keyword presence is of ", any.presence_prompts, " of ", run.prompts.size(),
                 " prompts: the others have no keyword, no picture or too few keywords beside ",
                 "them to compare with");
  }
}

/// A composer whose model fails falls back on the local one: its plans are not the model's.
void add_fallbacks(const RunResults& results, Warnings& warnings) {
  for (const Method& method : results.manifest.methods) {
    std::size_t all = 0;
    std::size_t local = 0;
    for (const StoredPlan& stored : results.plans) {
      if (method.kind == MethodKind::kLlm && stored.method == method.name && stored.error.empty()) {
        ++all;
        const composer::Plan plan = composer::plan_from_json(stored.plan, "a stored plan");
        local += plan.composer_kind == "llm" ? 0 : 1;
      }
    }
    if (local > 0) {
      warnings.add(local, " of ", all, " plans of method '", method.name,
                   "' were made without the language model, because it failed or could not be ",
                   "understood: they are the local composer's, and its figures are mixed into ",
                   "this method's");
    }
  }
}

}  // namespace

std::vector<std::string> failures_of(const RunResults& results) {
  std::vector<std::string> failures;
  const auto add = [&](const char* what, const std::string& method, const std::string& prompt,
                       const std::string& error) {
    std::string text = what;
    text += " of method '" + method + "' for prompt '" + prompt + "': " + error;
    failures.push_back(std::move(text));
  };
  for (const StoredPlan& plan : results.plans) {
    if (!plan.error.empty()) {
      add("plan", plan.method, plan.prompt, plan.error);
    }
  }
  for (const PictureRecord& picture : results.pictures) {
    if (picture.state == PictureState::kFailed) {
      add("picture", picture.task.method, picture.task.prompt, picture.error);
    }
  }
  return failures;
}

std::vector<std::string> warnings_of(const RunResults& results, const Figures& figures) {
  Warnings warnings;
  add_numbers(results, figures, warnings);
  add_fallbacks(results, warnings);
  add_reading(results, figures, warnings);
  return warnings.take();
}

}  // namespace stylus::evaluator
