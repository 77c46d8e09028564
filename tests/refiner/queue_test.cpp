#include "refiner/queue.h"

#include <gtest/gtest.h>

#include <fstream>

#include "catalog/importer.h"
#include "refiner/rules.h"
#include "tests/temp_dir.h"

namespace stylus::refiner {
namespace {

class RefineByRules : public testing::Test {
 protected:
  void import_cards(const std::string& second_text) {
    std::ofstream(dir_ / "cards.jsonl")
        << R"({"id":1,"name":"Tour Bus","description_text":"A red bus. Trigger: bus_x"})" << '\n'
        << R"({"id":2,"name":"Harbour","description_text":")" << second_text << "\"}\n";
    (void)catalog::import_paths(catalog_, {dir_ / "cards.jsonl"}, {});
  }

  TempDir dir_;
  catalog::Catalog catalog_{dir_ / "catalog.db", catalog::OpenMode::kReadWrite};
};

TEST_F(RefineByRules, DescribesEveryAdapterOnce) {
  import_cards("Boats at night.");

  EXPECT_EQ(refine_by_rules(catalog_, {}).changed, 2);
  EXPECT_EQ(catalog_.get(1).summary, "Tour Bus (adapter)");
  EXPECT_EQ(catalog_.get(1).trigger_groups.size(), 1U);
  EXPECT_EQ(catalog::refinement_of(catalog_, 2)->shows, "Boats at night.");

  const RulesReport again = refine_by_rules(catalog_, {});
  EXPECT_EQ(again.adapters, 2);
  EXPECT_EQ(again.changed + again.unchanged, 0);
}

TEST_F(RefineByRules, LooksOnlyAtWhatChanged) {
  import_cards("Boats at night.");
  (void)refine_by_rules(catalog_, {});
  import_cards("Boats at dawn.");

  EXPECT_EQ(refine_by_rules(catalog_, {}).changed, 1);
  EXPECT_EQ(catalog::refinement_of(catalog_, 2)->shows, "Boats at dawn.");
}

TEST_F(RefineByRules, TheUsersOwnNotesChangeNothing) {
  import_cards("Boats at night.");
  (void)refine_by_rules(catalog_, {});
  catalog::Overlay overlay;
  overlay.notes = "mine";
  catalog_.set_overlay(1, overlay);
  const std::int64_t revision = catalog_.revision();

  const RulesReport report = refine_by_rules(catalog_, {});

  EXPECT_EQ(report.changed, 0);
  EXPECT_EQ(report.unchanged, 1);
  EXPECT_EQ(catalog_.revision(), revision);
}

}  // namespace
}  // namespace stylus::refiner
