#include "refiner/embedder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>

#include "catalog/importer.h"
#include "tests/temp_dir.h"

namespace stylus::refiner {
namespace {

/// Counts what it is asked; vectors tell the length of the text.
class CountingEncoder : public encoder::TextEncoder {
 public:
  [[nodiscard]] const std::string& id() const override { return id_; }
  [[nodiscard]] std::size_t dim() const override { return 2; }
  [[nodiscard]] Rows encode(std::span<const std::string> texts) const override {
    encoded += texts.size();
    Rows rows(texts.size(), 2);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto angle = static_cast<float>(texts[i].size() % 90) / 90.0F;
      rows.row(i)[0] = std::cos(angle);
      rows.row(i)[1] = std::sin(angle);
    }
    return rows;
  }
  mutable std::size_t encoded = 0;

 private:
  std::string id_ = "counting/1";
};

void write_cards(const std::filesystem::path& file, const std::string& second_name) {
  std::ofstream(file)
      << R"({"id":"t:1","name":"Tour Bus","tags":["vehicle"],"base_model":["SD 1.5"],"nsfw":false})"
      << '\n'
      << R"({"id":"t:2","name":")" << second_name << R"(","base_model":["SD 1.5"],"nsfw":false})"
      << '\n';
}

TEST(EmbedCatalog, EncodesEachTextOnceAndOnlyWhatChangedAfterwards) {
  const TempDir folder;
  catalog::Catalog catalog(folder / "catalog.db", catalog::OpenMode::kReadWrite);
  write_cards(folder / "cards.jsonl", "Tour Bus");
  (void)catalog::import_paths(catalog, {folder / "cards.jsonl"}, {});
  const CountingEncoder encoder;

  const EmbedReport first = embed_catalog(catalog, encoder, {});
  const std::size_t distinct = encoder.encoded;
  const EmbedReport again = embed_catalog(catalog, encoder, {});
  write_cards(folder / "cards.jsonl", "Line Art");
  (void)catalog::import_paths(catalog, {folder / "cards.jsonl"}, {});
  const EmbedReport changed = embed_catalog(catalog, encoder, {});

  EXPECT_EQ(first.adapters, 2);
  EXPECT_EQ(first.encoded, 6);
  EXPECT_EQ(distinct, 5U) << "two cards share a title: it is encoded once";
  EXPECT_EQ(again.encoded, 0);
  EXPECT_EQ(again.reused, 6);
  EXPECT_EQ(changed.encoded, 3);
  EXPECT_EQ(changed.reused, 3);
}

}  // namespace
}  // namespace stylus::refiner
