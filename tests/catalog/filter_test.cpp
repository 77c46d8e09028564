#include "catalog/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "catalog/catalog.h"
#include "catalog/importer.h"
#include "support/text.h"
#include "tests/catalog/adapter_files.h"
#include "tests/error_code_of.h"
#include "tests/shared_data.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// What the words of filter.h say, one adapter at a time. 0 out, 1 allowed, 2 only if named.
int oracle(const Adapter& adapter, const Filter& filter) {
  std::vector<std::string> tags;
  for (const std::string& tag : adapter.tags) {
    tags.push_back(to_lower(tag));
  }
  const Rating rating = adapter.overlay.rating.value_or(adapter.rating);
  const bool installed = std::any_of(adapter.places.begin(), adapter.places.end(),
                                     [](const Place& place) { return !place.missing; });
  const bool in_folder =
      filter.folder.empty() ||
      std::any_of(adapter.places.begin(), adapter.places.end(), [&](const Place& place) {
        return place.path.compare(0, filter.folder.size() + 1, filter.folder + "/") == 0;
      });
  const bool fits =
      (filter.base.empty() || contains(adapter.bases, filter.base)) &&
      (rating != Rating::kAdult || filter.allow_nsfw) &&
      (rating != Rating::kUnrated || filter.allow_unrated) &&
      (!(adapter.real_person || contains(tags, "celebrity")) || filter.allow_people) &&
      (filter.licence.empty() || contains({"Image", "Rent", "Sell"}, adapter.licence.commercial)) &&
      in_folder && (!filter.only_installed || installed) && !adapter.overlay.blocked &&
      !contains(filter.blocked, adapter.id) &&
      (filter.kinds.empty() || contains(filter.kinds, adapter.kind)) &&
      std::all_of(filter.tags.begin(), filter.tags.end(),
                  [&](const std::string& tag) { return contains(tags, to_lower(tag)); });
  if (!fits) {
    return 0;
  }
  return contains(tags, "character") && !filter.allow_people ? 2 : 1;
}

void expect_same(const Catalog& catalog, const Filter& filter) {
  const CompiledFilter compiled = catalog.compile(filter);
  for (AdapterRow row = 1; row <= catalog.max_row(); ++row) {
    const int expected = oracle(catalog.get(row), filter);
    ASSERT_EQ(compiled.allowed.contains(row), expected == 1) << "row " << row;
    ASSERT_EQ(compiled.only_if_named.contains(row), expected == 2) << "row " << row;
  }
}

class Filters : public ::testing::Test {
 protected:
  Filters() {
    std::mt19937 random(5);
    std::ofstream cards(dir / "cards.jsonl");
    const auto one_of = [&](std::vector<nlohmann::json> options) {
      return options[random() % options.size()];
    };
    for (int i = 1; i <= 400; ++i) {
      cards
          << nlohmann::json{{"id", i},
                            {"name", "adapter " + std::to_string(i)},
                            {"type", one_of({"LORA", "LORA", "TextualInversion"})},
                            {"base_model",
                             one_of({{"SD 1.5"}, {"SD 1.5", "SDXL 1.0"}, {"SDXL 1.0"}, {"Other"}})},
                            {"tags",
                             one_of({{"Style"}, {"Character"}, {"celebrity"}, {"style", "Girl"}})},
                            {"nsfw", one_of({true, false, false, false, nlohmann::json()})},
                            {"poi", one_of({true, false, false, false})},
                            {"licence_flags",
                             {{"commercial", one_of({"None", "Sell", "Image", "x"})}}}}
                 .dump()
          << "\n";
    }
    cards.close();
    for (int i = 0; i < 6; ++i) {
      write_lora(dir / (i % 2 == 0 ? "loras" : "loras2") / (std::to_string(i) + ".safetensors"),
                 static_cast<float>(i + 1));
    }
    (void)import_paths(catalog, {dir / "cards.jsonl", dir / "loras", dir / "loras2"}, {});
    std::filesystem::remove(dir / "loras" / "0.safetensors");
    (void)import_paths(catalog, {dir / "loras"}, {});
    Overlay overlay;
    overlay.blocked = true;
    catalog.set_overlay(3, overlay);
    overlay = {};
    overlay.rating = Rating::kSafe;
    catalog.set_overlay(402, overlay);
  }

  TempDir dir;
  Catalog catalog{dir / "catalog.db", OpenMode::kReadWrite};
};

TEST_F(Filters, CompileToExactlyWhatTheirFieldsSay) {
  std::mt19937 random(9);
  const auto maybe = [&] { return random() % 2 == 0; };
  for (int i = 0; i < 60; ++i) {
    Filter filter;
    filter.base = std::vector<std::string>{"", "sd15", "sdxl", "flux1"}[random() % 4];
    filter.allow_nsfw = maybe();
    filter.allow_unrated = maybe();
    filter.allow_people = maybe();
    filter.licence = maybe() ? "commercial" : "";
    filter.folder = random() % 4 == 0 ? (dir / "loras").string() : "";
    filter.only_installed = random() % 4 == 0;
    filter.tags = random() % 3 == 0 ? std::vector<std::string>{"STYLE"} : filter.tags;
    filter.blocked = maybe() ? std::vector<std::string>{"civitai:8", "nobody"} : filter.blocked;
    filter.kinds = random() % 3 == 0 ? std::vector<std::string>{"lora"} : filter.kinds;
    filter.kinds = random() % 5 == 0 ? std::vector<std::string>{"textual_inversion"} : filter.kinds;
    expect_same(catalog, filter);
  }
}

TEST_F(Filters, AreCompiledAnewAfterAChange) {
  const Filter filter{.allow_people = true};
  const std::size_t before = catalog.compile(filter).allowed.size();
  AdapterRow row = 1;
  while (!catalog.compile(filter).allowed.contains(row)) {
    ++row;
  }
  Overlay overlay;
  overlay.blocked = true;
  catalog.set_overlay(row, overlay);

  EXPECT_EQ(catalog.compile(filter).allowed.size(), before - 1);
}

TEST_F(Filters, RefuseAnUnknownLicence) {
  EXPECT_EQ(error_code_of([&] { return catalog.compile({.licence = "free"}); }),
            ErrorCode::kInvalidArgument);
}

TEST(RealFilter, TheDefaultOneIsThatOfTheRecipe) {
  STYLUS_NEEDS_SHARED_DATA();
  const TempDir dir;
  Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite);
  const auto cards = shared_data() / "catalog" / "lora_catalog_sfw.jsonl";
  (void)import_paths(catalog, {cards}, {.example_prompts = false});

  const CompiledFilter filter = catalog.compile({.base = "sd15"});
  std::ifstream lines(cards);
  std::string line;
  int recipe = 0;
  int lost = 0;
  for (AdapterRow row = 1; std::getline(lines, line); ++row) {
    const auto card = nlohmann::json::parse(line);
    bool fits = false;
    for (const auto& base : card.at("base_model")) {
      fits = fits || base == "SD 1.5";
    }
    for (const auto& tag : card.at("tags")) {
      const std::string lower = to_lower(tag.get<std::string>());
      fits = fits && lower != "character" && lower != "celebrity";
    }
    recipe += fits ? 1 : 0;
    lost += fits && !filter.allowed.contains(row) ? 1 : 0;
  }

  // 2,286 cards of the recipe, less those that our own words flag, and six that name only SD 1.4.
  EXPECT_EQ(recipe, 2286);
  EXPECT_LE(lost, 5);
  EXPECT_NEAR(static_cast<double>(filter.allowed.size()), 2286, 10);
}

}  // namespace
}  // namespace stylus::catalog
