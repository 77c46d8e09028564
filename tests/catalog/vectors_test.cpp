#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "catalog/catalog.h"
#include "catalog/importer.h"
#include "support/half.h"
#include "tests/catalog/adapter_files.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Half, EveryHalfComesBackAsItself) {
  for (unsigned half = 0; half < 0x10000U; ++half) {
    const auto bits = static_cast<std::uint16_t>(half);
    const float value = from_half(bits);
    if (!std::isnan(value)) {
      ASSERT_EQ(to_half(value), bits) << half;
    }
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(from_half(to_half(1.0F + 0x1p-11F)), 1.0F);
  EXPECT_EQ(from_half(to_half(1.0F + 3 * 0x1p-11F)), 1.0F + 0x1p-9F);
  EXPECT_EQ(from_half(to_half(0x1p-25F)), 0.0F);
  EXPECT_EQ(from_half(to_half(0x1.8p-25F)), 0x1p-24F);
  EXPECT_EQ(from_half(to_half(1e6F)), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(from_half(to_half(std::nanf("")))));
}

class Vectors : public ::testing::Test {
 protected:
  Vectors() {
    write_text(dir / "cards.jsonl", R"({"id": "a:1", "name": "one"}
{"id": "a:2", "name": "two"}
{"id": "a:3", "name": "three"}
)");
    (void)import_paths(catalog, {dir / "cards.jsonl"}, {});
  }
  void store(const std::string& encoder, const std::string& field, AdapterRow row, float value) {
    const std::vector<float> vector(4, value);
    catalog.store_vectors(encoder, std::vector<VectorKey>{{row, field, "hash"}},
                          {vector.data(), 1, 4});
  }
  std::vector<std::pair<AdapterRow, float>> load(const std::string& encoder,
                                                 const std::string& field,
                                                 std::int64_t since = 0) const {
    std::vector<std::pair<AdapterRow, float>> found;
    catalog.for_each_vector(encoder, field, since,
                            [&](AdapterRow row, std::span<const float> vector) {
                              EXPECT_EQ(vector.size(), 4U);
                              found.emplace_back(row, vector[3]);
                            });
    return found;
  }

  TempDir dir;
  Catalog catalog{dir / "catalog.db", OpenMode::kReadWrite};
};

TEST_F(Vectors, AreKeptByEncoderAndFieldInRowOrder) {
  store("use", "title", 3, 0.5F);
  store("use", "title", 1, 0.25F);
  store("use", "summary", 1, 0.125F);
  store("minilm", "title", 1, 1.0F);

  EXPECT_THAT(load("use", "title"), ElementsAre(Pair(1, 0.25F), Pair(3, 0.5F)));
  EXPECT_THAT(load("use", "summary"), ElementsAre(Pair(1, 0.125F)));
  EXPECT_TRUE(load("nobody", "title").empty());
  EXPECT_THAT(catalog.vector_hashes("use", "title"), ElementsAre(Pair(1, "hash"), Pair(3, "hash")));
}

TEST_F(Vectors, OfChangedAdaptersOnly) {
  for (const AdapterRow row : {1, 2, 3}) {
    store("use", "title", row, static_cast<float>(row));
  }
  const std::int64_t before = catalog.revision();
  Overlay overlay;
  overlay.notes = "seen";
  catalog.set_overlay(2, overlay);

  EXPECT_THAT(load("use", "title", before), ElementsAre(Pair(2, 2.0F)));
}

TEST_F(Vectors, AreReplacedAndDoNotCountAsAChange) {
  const std::int64_t before = catalog.revision();
  store("use", "title", 1, 0.25F);
  store("use", "title", 1, 0.75F);

  EXPECT_THAT(load("use", "title"), ElementsAre(Pair(1, 0.75F)));
  EXPECT_EQ(catalog.revision(), before);
}

TEST_F(Vectors, RefuseUnknownRowsAndWrongCounts) {
  EXPECT_EQ(error_code_of([&] {
              store("use", "title", 4, 1);
              return 0;
            }),
            ErrorCode::kNotFound);
  EXPECT_EQ(error_code_of([&] {
              catalog.store_vectors("use", std::vector<VectorKey>{{1, "title", "h"}}, {});
              return 0;
            }),
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(load("use", "title").empty());
}

}  // namespace
}  // namespace stylus::catalog
