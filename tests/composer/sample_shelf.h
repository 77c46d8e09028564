#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/importer.h"
#include "composer/composer.h"
#include "retriever/retriever.h"
#include "tests/temp_dir.h"

namespace stylus::composer {

/// A card of the sample catalogue; everything in it is invented.
struct SampleCard {
  std::string id;
  std::string name;
  std::vector<std::string> tags;
  std::vector<std::string> triggers;
  std::string description;
  std::string base = "SD 1.5";
  bool adult = false;
};

/// Adapters of every kind that the rules of composition tell apart.
inline std::vector<SampleCard> sample_cards() {
  return {
      {"sample:ukiyo-e",
       "Ukiyo-e Woodcut",
       {"style", "ukiyo-e", "woodcut"},
       {"ukyo print"},
       "Old Japanese woodcut look. Use at weight 0.7."},
      {"sample:watercolour",
       "Loose Watercolour",
       {"style", "watercolour"},
       {"loose watercolour"},
       "Washes of thin paint."},
      {"sample:pixel",
       "Pixel Sprites",
       {"style", "pixel art"},
       {"pixel sprite"},
       "Tiny sprites for games."},
      {"sample:lighthouse",
       "Lighthouse",
       {"buildings", "lighthouse"},
       {"lighthouse tower"},
       "A lighthouse on a rock."},
      {"sample:tourbus", "Tour Bus", {"vehicle", "bus"}, {"tour bus"}, "Double-deck tour bus."},
      {"sample:penguin", "Penguin Friends", {"animal", "penguin"}, {"penguin"}, "Penguins on ice."},
      {"sample:teapot", "Teapot", {"objects", "teapot"}, {"clay teapot"}, "A clay teapot."},
      {"sample:boat",
       "Fishing Boat",
       {"vehicle", "boat"},
       {"fishing boat"},
       "A small fishing boat."},
      {"sample:orla",
       "Orla Quickfeather",
       {"character", "orla quickfeather"},
       {"orla quickfeather, green cloak"},
       "A character of our own."},
      {"sample:lantern-xl",
       "Paper Lantern",
       {"objects", "paper lantern"},
       {"paper lantern"},
       "For the large base.",
       "SDXL 1.0"},
      {"sample:harbour", "Old Harbour", {"background", "harbour"}, {"1girl"}, "A harbour town."},
      {"sample:velvet",
       "Velvet Secrets",
       {"clothing", "velvet"},
       {"velvet secret"},
       "For adults.",
       "SD 1.5",
       true},
  };
}

/// A real catalogue with a real lexical index in a temporary folder.
class SampleShelf {
 public:
  explicit SampleShelf(const std::vector<SampleCard>& cards = sample_cards()) {
    write_cards(cards);
    catalog_ =
        std::make_unique<catalog::Catalog>(folder_ / "catalog.db", catalog::OpenMode::kReadWrite);
    const auto report = catalog::import_paths(*catalog_, {folder_ / "cards.jsonl"}, {});
    EXPECT_EQ(report.refused.size(), 0U);
    retriever_ = std::make_unique<retriever::Retriever>(*catalog_, folder_ / "index", "");
    composer_ = std::make_unique<Composer>(*catalog_, *retriever_, nullptr);
  }

  [[nodiscard]] catalog::Catalog& catalog() { return *catalog_; }
  [[nodiscard]] const retriever::Retriever& retriever() const { return *retriever_; }
  [[nodiscard]] const Composer& composer() const { return *composer_; }
  [[nodiscard]] Plan plan(std::string_view prompt, const ComposeOptions& options = sd15()) const {
    return composer_->plan(prompt, options);
  }
  [[nodiscard]] static ComposeOptions sd15() {
    ComposeOptions options;
    options.filter.base = "sd15";
    return options;
  }

 private:
  void write_cards(const std::vector<SampleCard>& cards) const {
    std::ofstream out(folder_ / "cards.jsonl");
    for (const SampleCard& card : cards) {
      nlohmann::json json = {{"id", card.id},
                             {"name", card.name},
                             {"type", "LORA"},
                             {"base_model", {card.base}},
                             {"tags", card.tags},
                             {"trained_words", card.triggers},
                             {"description_text", card.description},
                             {"nsfw", card.adult}};
      out << json.dump() << '\n';
    }
  }

  TempDir folder_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<retriever::Retriever> retriever_;
  std::unique_ptr<Composer> composer_;
};

/// Ids of the plan's adapters, in order.
inline std::vector<std::string> ids_of(const Plan& plan) {
  std::vector<std::string> ids;
  for (const PlanAdapter& adapter : plan.adapters) {
    ids.push_back(adapter.id);
  }
  return ids;
}

}  // namespace stylus::composer
