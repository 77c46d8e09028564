// What a plan warns of.
#include <algorithm>

#include "composer/composition.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

/// It was read from a file once, and no file of it is left. A card alone never had one.
bool lost_its_file(const catalog::Adapter& card) {
  const bool had_one = !card.places.empty() || !card.autov3.empty();
  return had_one && std::all_of(card.places.begin(), card.places.end(),
                                [](const catalog::Place& place) { return place.missing; });
}

}  // namespace

std::vector<std::string> Composition::warnings(const std::vector<PlanAdapter>& adapters) {
  std::vector<std::string> warnings;
  const bool looked_up = std::any_of(reading_.keywords.begin(), reading_.keywords.end(),
                                     [](const KeywordSpan& keyword) { return !keyword.common; });
  if (!proposals_.used_vectors && looked_up) {
    warnings.emplace_back(
        composer_.encoder == nullptr
            ? "no text encoder: adapters were found by their words alone"
            : "the index holds no vectors: adapters were found by their words alone");
  }
  for (const std::string& name : unknown_tags_) {
    warnings.push_back("the prompt asks for <lora:" + name +
                       ">, which the catalogue does not have or has more than once; left as it is");
  }
  if (reading_.end < prompt_.size()) {
    warnings.emplace_back("everything from \"Negative prompt:\" on was left out of the prompt");
  }
  if (reading_.shortened) {
    warnings.push_back("the prompt has more than " + std::to_string(kMaxKeywords) +
                       " keywords; the later ones were not looked at");
  }
  std::vector<std::string> styles;
  for (std::size_t i = 0; i < adapters.size(); ++i) {
    if (is_style(adapters_.at(picked_rows_[i]))) {
      styles.push_back(adapters[i].name);
    }
  }
  if (styles.size() > 1) {
    warnings.push_back("several styles may fight: " + join(styles, ", "));
  }
  for (const catalog::AdapterRow row : picked_rows_) {
    if (const catalog::Adapter& card = adapters_.at(row); lost_its_file(card)) {
      warnings.push_back(card.name +
                         ": its file is gone (import the folder where it is now; --only-installed "
                         "leaves such adapters out)");
    }
  }
  warnings.insert(warnings.end(), tamed_.begin(), tamed_.end());
  warn_about_filters(warnings);
  return warnings;
}

void Composition::warn_about_filters(std::vector<std::string>& warnings) {
  const auto warn = [&](const catalog::Filter& wider, const std::string& why) {
    const CachedFilter& all = composer_.compile(wider);
    if (all.count <= filter_.count) {
      return;
    }
    // Adapters that the prompt names and the filter hides: silence about them would puzzle most.
    std::vector<retriever::NamedAdapter> named =
        named_specifically(composer_.retriever, reading_.searchable, all.compiled.allowed);
    std::erase_if(named, [&](const retriever::NamedAdapter& each) {
      return filter_.compiled.allowed.contains(each.row) ||
             filter_.compiled.only_if_named.contains(each.row);
    });
    if (!named.empty()) {
      const std::string others =
          named.size() == 1 ? "" : " and " + std::to_string(named.size() - 1) + " more";
      warnings.push_back("the prompt names \"" + adapter(named.front().row).name + "\"" + others +
                         ", which " + (named.size() == 1 ? "is" : "are") + " left out: " + why);
    }
  };
  if (!options_.filter.base.empty()) {
    catalog::Filter wider = options_.filter;
    wider.base.clear();
    warn(wider, "not for " + options_.filter.base);
  }
  if (!options_.filter.allow_unrated) {
    catalog::Filter wider = options_.filter;
    wider.allow_unrated = true;
    warn(wider, "without a rating (--allow-unrated)");
    const CachedFilter& all = composer_.compile(wider);
    if (filter_.count == 0 && all.count > 0) {
      warnings.push_back("all " + std::to_string(all.count) +
                         " adapters that fit have no rating and are left out (--allow-unrated)");
    }
  }
}

}  // namespace stylus::composer
