#include "app/evaluation/planning.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <tuple>

#include "app/planner.h"
#include "app/renderer_process.h"
#include "app/workspace.h"
#include "composer/composer.h"
#include "support/error.h"
#include "support/file.h"
#include "support/hash.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::app {
namespace {

using evaluator::Manifest;
using evaluator::Method;
using evaluator::MethodKind;
using evaluator::RunPrompt;
using evaluator::StoredPlan;

constexpr std::size_t kLargestPlanFile = std::size_t{1} << 30U;
constexpr std::size_t kPlansAtOnce = 64;

/// Chooses adapters for one model of a run.
class RunPlanner {
 public:
  /// with_model: makes the plans of kind llm; null where no method is of that kind.
  RunPlanner(const Workspace& workspace, const Manifest& run, const Model& model,
             const Planner* with_model)
      : workspace_(workspace),
        run_(run),
        composer_(workspace.catalog, workspace.retriever, workspace.encoder.get()),
        with_model_(with_model) {
    filter_.base = run.base.empty() ? model.base : run.base;
    filter_.allow_nsfw = run.allow_nsfw;
    filter_.allow_unrated = run.allow_unrated;
    filter_.allow_people = run.allow_people;
    filter_.only_installed = true;
    compiled_ = workspace.catalog.compile(filter_);
  }

  /// `like`: the number of adapters that the method of `as_many_as` took, if one is named.
  composer::Plan plan(const Method& method, const RunPrompt& prompt, std::optional<int> like) {
    composer::ComposeOptions options;
    options.filter = filter_;
    options.negative_prompt = run_.negative_prompt;
    options.insert_triggers = method.triggers;
    options.weights =
        method.weights == "paper" ? composer::WeightRule::kPaper : composer::WeightRule::kBudget;
    options.max_adapters = method.adapters;
    options.threshold = method.threshold;
    switch (method.kind) {
      case MethodKind::kBase:
        options.max_adapters = 0;
        break;
      case MethodKind::kRandom:
        pin(options, random_rows(prompt, like.value_or(method.adapters)));
        break;
      case MethodKind::kTopK:
        pin(options, best_rows(prompt, like.value_or(method.adapters)));
        break;
      case MethodKind::kStylus:
        break;
      case MethodKind::kLlm: {
        composer::Plan plan = with_model_->plan(prompt.text, options);
        plan.id = prompt.id;
        return plan;
      }
      case MethodKind::kPlans:
        return plan_of_file(method, prompt, options);
    }
    composer::Plan plan = composer_.plan(prompt.text, options);
    plan.id = prompt.id;
    return plan;
  }

 private:
  /// Exactly these: nothing else is sure enough, and there is no room for it.
  void pin(composer::ComposeOptions& options, const std::vector<catalog::AdapterRow>& rows) {
    for (const catalog::AdapterRow row : rows) {
      options.pinned[workspace_.catalog.get(row).id] = std::nullopt;
    }
    options.max_adapters = static_cast<int>(rows.size());
    options.threshold = 1;
  }

  std::vector<catalog::AdapterRow> random_rows(const RunPrompt& prompt, int count) const {
    std::vector<catalog::AdapterRow> rows;
    for (catalog::AdapterRow row = 0;
         static_cast<std::size_t>(row) < compiled_.allowed.words().size() * 64; ++row) {
      if (compiled_.allowed.contains(row)) {
        rows.push_back(row);
      }
    }
    const std::string digest =
        sha256_hex("random\n" + std::to_string(run_.run_seed) + "\n" + prompt.id);
    std::uint64_t seed = 0;
    std::from_chars(digest.data(), digest.data() + 16, seed, 16);
    std::mt19937_64 random(seed);
    const std::size_t wanted = std::min(static_cast<std::size_t>(std::max(count, 0)), rows.size());
    for (std::size_t i = 0; i < wanted; ++i) {
      std::swap(rows[i], rows[i + static_cast<std::size_t>(random() % (rows.size() - i))]);
    }
    rows.resize(wanted);
    return rows;
  }

  std::vector<catalog::AdapterRow> best_rows(const RunPrompt& prompt, int count) const {
    std::vector<catalog::AdapterRow> rows;
    if (count <= 0) {
      return rows;
    }
    const std::vector<retriever::Query> queries = {{prompt.text}};
    Rows vectors;
    if (workspace_.encoder != nullptr && workspace_.retriever.has_vectors()) {
      vectors = workspace_.encoder->encode(std::vector<std::string>{prompt.text});
    }
    retriever::RankOptions options;
    options.k = static_cast<std::size_t>(count);
    const std::vector<retriever::Ranking> rankings =
        workspace_.retriever.rank(queries, vectors.view(), compiled_.allowed, options);
    for (const retriever::Candidate& candidate : rankings.front().candidates) {
      rows.push_back(candidate.row);
    }
    return rows;
  }

  composer::Plan plan_of_file(const Method& method, const RunPrompt& prompt,
                              const composer::ComposeOptions& options) {
    auto known = files_.find(method.plans.string());
    if (known == files_.end()) {
      known = files_.emplace(method.plans.string(), read_plans(method.plans)).first;
    }
    const auto plan = known->second.find(prompt.id);
    require(plan != known->second.end(), ErrorCode::kNotFound, "'", method.plans.string(),
            "' has no plan with the id '", prompt.id, "'");
    composer::Plan result = plan->second;
    result.negative_prompt = options.negative_prompt;
    return result;
  }

  const Workspace& workspace_;
  const Manifest& run_;
  composer::Composer composer_;
  const Planner* with_model_;
  catalog::Filter filter_;
  catalog::CompiledFilter compiled_;
  std::map<std::string, std::map<std::string, composer::Plan>> files_;
};

/// Methods in an order in which those that are counted come before those that count them.
std::vector<Method> in_order(const Manifest& run) {
  std::vector<Method> methods = run.methods;
  std::stable_partition(methods.begin(), methods.end(),
                        [](const Method& method) { return method.as_many_as.empty(); });
  return methods;
}

}  // namespace

std::map<std::string, composer::Plan> read_plans(const std::filesystem::path& file) {
  const std::string text = read_file(file, kLargestPlanFile);
  std::map<std::string, composer::Plan> plans;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    const std::string what = file.string() + ":" + std::to_string(number);
    composer::Plan plan = composer::plan_from_json(line, what);
    require(!plan.id.empty(), ErrorCode::kCorruptData, what,
            " has no \"id\"; make plans with stylus plan --prompts IN --output OUT");
    plans[plan.id] = std::move(plan);
  });
  return plans;
}

Model model_of_run(const Locations& locations, const std::string& name) {
  Model model = find_model(locations, name);
  if (model.base.empty()) {
    run_renderer({{"stylus_render_job", 1}, {"model", model.path.string()}, {"describe", true}},
                 [&model](const nlohmann::json& event) {
                   if (json_string(event, "event") == "model") {
                     model.base = json_string(event, "base");
                   }
                 });
  }
  return model;
}

void plan_run(const GlobalOptions& global, const EvaluateCommand& command, const Manifest& run,
              evaluator::RunStore& store, const ProgressFn& progress) {
  using Clock = std::chrono::steady_clock;
  std::map<std::tuple<std::string, std::string, std::string>, int> counts;
  for (const StoredPlan& plan : store.plans()) {
    counts[{plan.model, plan.method, plan.prompt}] =
        plan.error.empty()
            ? static_cast<int>(composer::plan_from_json(plan.plan, "a stored plan").adapters.size())
            : 0;
  }
  const std::size_t total = run.models.size() * run.methods.size() * run.prompts.size();
  if (counts.size() == total) {
    return;
  }
  const Locations locations = find_locations(global);
  const Workspace workspace = open_workspace(global);
  std::unique_ptr<Planner> with_model;
  if (std::any_of(run.methods.begin(), run.methods.end(),
                  [](const Method& method) { return method.kind == MethodKind::kLlm; })) {
    StrategyOptions strategy;
    strategy.composer = "llm";
    strategy.chat = command.chat;
    with_model = std::make_unique<Planner>(workspace, strategy);
  }
  std::size_t done = 0;
  for (const std::string& name : run.models) {
    RunPlanner planner(workspace, run, model_of_run(locations, name), with_model.get());
    for (const Method& method : in_order(run)) {
      std::vector<StoredPlan> fresh;
      for (const RunPrompt& prompt : run.prompts) {
        progress({"planning", done++, total});
        if (counts.contains({name, method.name, prompt.id})) {
          continue;
        }
        StoredPlan stored;
        stored.model = name;
        stored.method = method.name;
        stored.prompt = prompt.id;
        const auto start = Clock::now();
        try {
          std::optional<int> like;
          if (!method.as_many_as.empty()) {
            like = counts[{name, method.as_many_as, prompt.id}];
          }
          composer::Plan plan = planner.plan(method, prompt, like);
          const std::string& words =
              plan.rendered_prompt.empty() ? plan.prompt : plan.rendered_prompt;
          plan.rendered_prompt = words + run.suffix;
          counts[{name, method.name, prompt.id}] = static_cast<int>(plan.adapters.size());
          stored.plan = composer::plan_to_json(plan);
        } catch (const Error& error) {
          if (error.code() == ErrorCode::kCancelled) {
            throw;
          }
          counts[{name, method.name, prompt.id}] = 0;
          stored.error = error.what();
        }
        stored.seconds = std::chrono::duration<double>(Clock::now() - start).count();
        fresh.push_back(std::move(stored));
        if (fresh.size() == kPlansAtOnce) {
          store.put_plans(fresh);
          fresh.clear();
        }
      }
      store.put_plans(fresh);
    }
  }
}

}  // namespace stylus::app
