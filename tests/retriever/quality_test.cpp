// The room on the real catalogue: the development figures of quality-recipe section 9, and the
// first stage against the exact scan on real vectors.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "encoder/encoder.h"
#include "refiner/embedder.h"
#include "retriever/index_builder.h"
#include "retriever/search_index.h"
#include "support/json.h"
#include "support/text.h"
#include "tests/encoder/encoders_dir.h"
#include "tests/shared_data.h"

namespace stylus::retriever {
namespace {

constexpr std::array<std::size_t, 5> kDepths = {1, 3, 10, 50, 150};

/// Share of keywords with a right card among the first 1, 3, 10, 50, 150, and mean reciprocal rank.
struct Figures {
  std::array<double, kDepths.size()> hits = {};
  double reciprocal_rank = 0;
};

void expect_near(const Figures& got, const Figures& wanted, double tolerance) {
  for (std::size_t i = 0; i < kDepths.size(); ++i) {
    EXPECT_NEAR(got.hits[i], wanted.hits[i], tolerance) << "hit@" << kDepths[i];
  }
  EXPECT_NEAR(got.reciprocal_rank, wanted.reciprocal_rank, tolerance) << "MRR";
}

/// The 5,155 real cards and the 760 keywords whose gold cards pass the filter of the study.
struct RealData {
  std::vector<catalog::Document> documents;
  catalog::AdapterSet filtered{6000};
  std::vector<Query> keywords;
  std::vector<std::set<catalog::AdapterRow>> gold;

  RealData() {
    std::map<std::string, catalog::AdapterRow> row_of;
    std::ifstream cards(shared_data() / "catalog" / "lora_catalog_sfw.jsonl");
    for (std::string line; std::getline(cards, line);) {
      const nlohmann::json card = nlohmann::json::parse(line);
      catalog::Document& document = documents.emplace_back();
      document.row = static_cast<catalog::AdapterRow>(documents.size());
      document.name = card.at("name");
      document.tags = card.at("tags").get<std::vector<std::string>>();
      document.triggers = card.at("trained_words").get<std::vector<std::string>>();
      document.description = json_string(card, "description_text");
      row_of[std::to_string(card.at("id").get<std::int64_t>())] = document.row;
      if (passes(card, document)) {
        filtered.insert(document.row);
      }
    }
    std::ifstream labels(shared_data() / "catalog" / "stylus_keyword_qrels_sfw.json");
    const nlohmann::json parsed = nlohmann::json::parse(labels);
    for (const auto& [keyword, ids] : parsed.items()) {
      std::set<catalog::AdapterRow> right;
      for (const auto& [id, weight] : ids.items()) {
        const auto row = row_of.find(id);
        if (row != row_of.end() && filtered.contains(row->second)) {
          right.insert(row->second);
        }
      }
      if (!right.empty()) {
        keywords.push_back({keyword});
        gold.push_back(right);
      }
    }
  }

  static bool passes(const nlohmann::json& card, const catalog::Document& document) {
    const auto bases = card.at("base_model").get<std::vector<std::string>>();
    const bool person =
        std::any_of(document.tags.begin(), document.tags.end(), [](const std::string& tag) {
          return equals_ignoring_case(tag, "character") || equals_ignoring_case(tag, "celebrity");
        });
    return !person && std::find(bases.begin(), bases.end(), "SD 1.5") != bases.end();
  }

  [[nodiscard]] Figures figures(const SearchIndex& index, RowsView vectors) const {
    RankOptions options;
    options.k = filtered.size();
    const auto rankings = index.rank(keywords, vectors, filtered, options);
    Figures figures;
    const auto n = static_cast<double>(keywords.size());
    for (std::size_t i = 0; i < rankings.size(); ++i) {
      const auto& candidates = rankings[i].candidates;
      const auto hit = std::find_if(candidates.begin(), candidates.end(),
                                    [&](const Candidate& c) { return gold[i].contains(c.row); });
      if (hit == candidates.end()) {
        continue;
      }
      const auto rank = static_cast<std::size_t>(hit - candidates.begin());
      for (std::size_t d = 0; d < kDepths.size(); ++d) {
        figures.hits[d] += rank < kDepths[d] ? 1 / n : 0;
      }
      figures.reciprocal_rank += 1 / (static_cast<double>(rank) + 1) / n;
    }
    return figures;
  }
};

SearchIndex lexical_index(const RealData& data) {
  IndexBuilder builder(IndexOptions{});
  for (const catalog::Document& document : data.documents) {
    builder.add(document);
  }
  std::ostringstream bytes;
  builder.write(bytes);
  return SearchIndex(IndexView(std::move(bytes).str()));
}

TEST(RealCatalogue, WordsAloneReachTheRecipesFigures) {
  STYLUS_NEEDS_SHARED_DATA();
  const RealData data;
  ASSERT_EQ(data.documents.size(), 5155U);
  ASSERT_EQ(data.filtered.size(), 2286U);
  ASSERT_EQ(data.keywords.size(), 760U);

  const Figures figures = data.figures(lexical_index(data), {});

  expect_near(figures, {{0.304, 0.470, 0.584, 0.649, 0.676}, 0.403}, 0.01);
}

/// Index bytes with real vectors. Only adapters that pass the filter are encoded: the others can
/// never be ranked here, and encoding is the slow part.
std::string fused_index_bytes(const RealData& data, const encoder::TextEncoder& encoder) {
  IndexOptions options;
  options.codes_from = 0;
  IndexBuilder builder(options);
  std::array<std::vector<std::string>, kVectorFields> texts;
  std::vector<catalog::AdapterRow> rows;
  for (const catalog::Document& document : data.documents) {
    builder.add(document);
    if (data.filtered.contains(document.row)) {
      rows.push_back(document.row);
      const refiner::TextForms forms = refiner::text_forms(document);
      texts[0].push_back(forms.title);
      texts[1].push_back(forms.title_tags);
      texts[2].push_back(forms.summary);
    }
  }
  for (std::size_t f = 0; f < kVectorFields; ++f) {
    const Rows vectors = encoder.encode(texts[f]);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      builder.set_vector(f, rows[i], vectors.row(i));
    }
  }
  std::ostringstream bytes;
  builder.write(bytes);
  return std::move(bytes).str();
}

TEST(RealCatalogue, FusionReachesTheRecipesFiguresAndTheFirstStageChangesNothing) {
  STYLUS_NEEDS_SHARED_DATA();
  STYLUS_NEEDS_ENCODER("use-multilingual-v3");
  const RealData data;
  const auto encoder = encoder::open_text_encoder(encoder::encoder_folder("use-multilingual-v3"));
  const std::string bytes = fused_index_bytes(data, *encoder);
  std::vector<std::string> texts;
  for (const Query& query : data.keywords) {
    texts.push_back(query.text);
  }
  const Rows vectors = encoder->encode(texts);

  const SearchIndex exact((IndexView(bytes)));
  expect_near(data.figures(exact, vectors.view()), {{0.336, 0.518, 0.674, 0.803, 0.880}, 0.452},
              0.011);

  SearchSettings two_stages;
  two_stages.exact_up_to = 0;
  two_stages.candidates = 100;
  const SearchIndex staged(IndexView(bytes), std::nullopt, two_stages);
  RankOptions oracle;
  oracle.exact = true;
  const auto fast = staged.rank(data.keywords, vectors.view(), data.filtered, {});
  const auto full = staged.rank(data.keywords, vectors.view(), data.filtered, oracle);
  std::size_t same = 0;
  for (std::size_t i = 0; i < full.size(); ++i) {
    same += std::equal(full[i].candidates.begin(), full[i].candidates.end(),
                       fast[i].candidates.begin(), fast[i].candidates.end(),
                       [](const Candidate& a, const Candidate& b) { return a.row == b.row; })
                ? 1
                : 0;
  }
  EXPECT_GE(static_cast<double>(same), 0.99 * static_cast<double>(full.size()))
      << "of " << full.size() << " keywords";
}

}  // namespace
}  // namespace stylus::retriever
