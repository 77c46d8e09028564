#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "evaluator/feature_file.h"
#include "evaluator/figures.h"
#include "evaluator/towers/feature_job.h"
#include "evaluator/towers/siglip_tokenizer.h"
#include "support/file.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::evaluator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kFolder = fs::path(STYLUS_TESTS_DIR) / "golden/evaluator/siglip";

json expected() { return json::parse(read_file(kFolder / "expected.json", 1 << 20)); }

TEST(SiglipTokenizer, GivesTheIdsOfTransformers) {
  const json golden = expected();
  const SiglipTokenizer tokenizer(kFolder / "spiece.model");
  std::size_t cut = 0;
  for (std::size_t i = 0; i < golden["texts"].size(); ++i) {
    const std::string text = golden["texts"][i];
    bool truncated = false;
    EXPECT_EQ(tokenizer.encode_padded(text, 16, truncated),
              golden["ids"][i].get<std::vector<std::int64_t>>())
        << text;
    cut += truncated ? 1 : 0;
  }
  EXPECT_EQ(cut, 2U);
}

TEST(SiglipTokenizer, RefusesOtherFiles) {
  EXPECT_EQ(error_code_of([] { SiglipTokenizer(kFolder / "config.json"); }),
            ErrorCode::kCorruptData);
  EXPECT_EQ(error_code_of([] { SiglipTokenizer(kFolder / "nothing.model"); }),
            ErrorCode::kNotFound);
}

TEST(SiglipFeatures, GiveTheProbabilitiesOfTransformers) {
  const TempDir folder;
  const json golden = expected();
  const json wanted = {{"stylus_feature_job", 1},
                       {"kind", "clip"},
                       {"model", kFolder.string()},
                       {"tokenizer", (kFolder / "spiece.model").string()},
                       {"pictures", {(kFolder / "picture.png").string()}},
                       {"texts", golden["texts"]},
                       {"output", (folder.path() / "rows.safetensors").string()},
                       {"device", "cpu"},
                       {"threads", 1}};
  std::ostringstream events;
  run_feature_job(read_feature_job(wanted.dump()), events, false);

  const std::string log = events.str();
  const json done = json::parse(log.substr(log.rfind('{', log.size() - 3)));
  const FeatureFile rows = read_feature_file(folder.path() / "rows.safetensors");
  const SigmoidScale sigmoid = {done.at("sigmoid_scale"), done.at("sigmoid_bias")};
  EXPECT_EQ(done.at("truncated"), 2);
  for (std::size_t i = 0; i < golden["logits"].size(); ++i) {
    const double logit = golden["logits"][i];
    EXPECT_NEAR(pair_score(rows.pictures.row(0), rows.texts.row(i), sigmoid),
                100 / (1 + std::exp(-logit)), 1e-3);
  }
}

TEST(SiglipFeatures, NeedTheirOwnTokenizerForTexts) {
  const TempDir folder;
  json wanted = {{"stylus_feature_job", 1},
                 {"kind", "clip"},
                 {"model", kFolder.string()},
                 {"texts", {"a fox"}},
                 {"output", (folder.path() / "rows.safetensors").string()},
                 {"device", "cpu"}};
  std::ostringstream events;
  EXPECT_EQ(error_code_of([&] { run_feature_job(read_feature_job(wanted.dump()), events, false); }),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::evaluator
