#include "evaluator/layout.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "composer/plan.h"
#include "support/error.h"
#include "support/hash.h"

namespace stylus::evaluator {
namespace {

using nlohmann::ordered_json;

/// What of a plan decides a picture.
struct PlanFacts {
  std::string adapters;  ///< JSON of hashes and weights.
  std::string prompts;
};

PlanFacts facts_of(const StoredPlan& stored) {
  const composer::Plan plan = composer::plan_from_json(stored.plan, "a stored plan");
  ordered_json adapters = ordered_json::array();
  for (const composer::PlanAdapter& adapter : plan.adapters) {
    adapters.push_back({adapter.sha256.empty() ? adapter.id : adapter.sha256, adapter.weight,
                        adapter.text_encoder_weight});
  }
  return {adapters.dump(), ordered_json({plan.rendered_prompt, plan.negative_prompt}).dump()};
}

std::string key_of(const Manifest& run, const RunItem& item, const PlanFacts& facts,
                   std::int64_t seed) {
  const ordered_json all = {item.model,  facts.prompts,   facts.adapters,    item.guidance,
                            seed,        run.steps,       run.width,         run.height,
                            run.sampler, run.hires_scale, run.hires_strength};
  return sha256_hex(all.dump());
}

}  // namespace

Layout lay_out(const Manifest& run, const std::vector<StoredPlan>& plans) {
  std::map<std::tuple<std::string, std::string, std::string>, PlanFacts> facts;
  std::set<std::tuple<std::string, std::string, std::string>> failed;
  for (const StoredPlan& plan : plans) {
    const std::tuple key{plan.model, plan.method, plan.prompt};
    if (plan.error.empty()) {
      facts[key] = facts_of(plan);
    } else {
      failed.insert(key);
    }
  }
  Layout layout;
  for (const std::string& model : run.models) {
    for (const double guidance : run.guidance) {
      // (adapters, order of first appearance) -> picture
      std::map<std::pair<std::string, std::size_t>, PictureTask> wanted;
      std::set<std::string> known;
      for (const Method& method : run.methods) {
        for (const RunPrompt& prompt : run.prompts) {
          const std::tuple place{model, method.name, prompt.id};
          if (failed.contains(place)) {
            continue;
          }
          const auto found = facts.find(place);
          require(found != facts.end(), ErrorCode::kInvalidArgument, "method '", method.name,
                  "' has no plan for prompt '", prompt.id,
                  "'; the run's items.db is not whole: remove its folder and start again");
          for (std::int64_t image = 0; image < run.pictures; ++image) {
            const std::int64_t seed = picture_seed(run, prompt.id, image);
            RunItem item{model, method.name, prompt.id, guidance, image, {}};
            item.key = key_of(run, item, found->second, seed);
            if (known.insert(item.key).second) {
              wanted[{found->second.adapters, known.size()}] = {
                  item.key, model, method.name, prompt.id, guidance, seed, 0};
            }
            layout.items.push_back(std::move(item));
          }
        }
      }
      std::int64_t batch = layout.pictures.empty() ? 0 : layout.pictures.back().batch + 1;
      std::int64_t in_batch = 0;
      for (auto& [order, picture] : wanted) {
        if (in_batch == run.batch) {
          ++batch;
          in_batch = 0;
        }
        picture.batch = batch;
        ++in_batch;
        layout.pictures.push_back(picture);
      }
    }
  }
  return layout;
}

}  // namespace stylus::evaluator
