#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/shared_data.h"
#include "weights/recogniser.h"

namespace stylus::weights {
namespace {

/// What must be read off one table of real tensor names and shapes.
struct Layout {
  std::string file;
  std::string kind;
  std::string dialect;
  std::string algorithm;
  std::string base;
  std::int64_t rank;
  std::size_t targets;
  std::set<std::string> components;
};

void PrintTo(const Layout& layout, std::ostream* out) { *out << layout.file; }

std::vector<Layout> layouts() {
  return {
      {"anima_lora_kohya", "lora", "kohya", "lora", "anima", 8, 11, {"transformer"}},
      {"anima_lora_kohya_with_te",
       "lora",
       "kohya",
       "lora",
       "anima",
       8,
       9,
       {"text_encoder", "transformer"}},
      {"anima_lora_lokr", "lora", "comfyui", "lokr", "anima", 0, 3, {"transformer"}},
      {"anima_lora_peft", "lora", "comfyui", "lora", "anima", 8, 6, {"transformer"}},
      {"flux_control_lora", "control_lora", "bfl", "lora", "flux1", 128, 466, {"transformer"}},
      {"flux_dora_onetrainer",
       "lora",
       "onetrainer",
       "lora",
       "flux1",
       4,
       506,
       {"text_encoder", "text_encoder_2", "transformer"}},
      {"flux_lokr_bfl", "lora", "comfyui", "lokr", "flux1", 0, 6, {"transformer"}},
      {"flux_lora_aitoolkit", "lora", "comfyui", "lora", "flux1", 16, 228, {"transformer"}},
      {"flux_lora_diffusers_base_model", "lora", "peft", "lora", "flux1", 4, 381, {"transformer"}},
      {"flux_lora_diffusers", "lora", "diffusers_peft", "lora", "flux1", 32, 494, {"transformer"}},
      {"flux_lora_diffusers_no_proj_mlp",
       "lora",
       "diffusers_peft",
       "lora",
       "flux1",
       16,
       342,
       {"transformer"}},
      {"flux_lora_kohya", "lora", "kohya", "lora", "flux1", 16, 304, {"transformer"}},
      {"flux_lora_kohya_with_te1",
       "lora",
       "kohya",
       "lora",
       "flux1",
       4,
       376,
       {"text_encoder", "transformer"}},
      {"flux_lora_xlabs", "lora", "xlabs", "lora", "flux1", 16, 12, {"transformer"}},
      {"krea2_lora_kohya", "lora", "kohya", "lora", "krea2", 32, 40, {"transformer"}},
      {"qwen_image_lora_diffusers", "lora", "bare", "lora", "qwen_image", 64, 3, {"transformer"}},
      {"qwen_image_lora_kohya", "lora", "kohya", "lokr", "qwen_image", 0, 8, {"transformer"}},
  };
}

std::vector<Tensor> tensors_of_table(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  const nlohmann::json table = nlohmann::json::parse(file);
  std::vector<Tensor> tensors;
  for (const auto& [name, shape] : table.at("tensors").items()) {
    tensors.push_back({name, DType::kBF16, shape.get<std::vector<std::int64_t>>(), {}});
  }
  return tensors;
}

class LayoutTablesTest : public testing::TestWithParam<Layout> {};

TEST_P(LayoutTablesTest, IsRecognisedFromNamesAndShapes) {
  STYLUS_NEEDS_SHARED_DATA();
  const Layout& expected = GetParam();
  const std::vector<Tensor> tensors =
      tensors_of_table(shared_data() / "lora_layouts" / (expected.file + "_format.json"));

  const AdapterFacts facts = recognise_adapter(tensors, {}, {}, expected.file, NormMode::kSkip);

  EXPECT_EQ(facts.kind, expected.kind);
  EXPECT_EQ(facts.dialect, expected.dialect);
  EXPECT_EQ(facts.algorithm, expected.algorithm);
  EXPECT_EQ(facts.base, expected.base) << testing::PrintToString(facts.base_candidates);
  EXPECT_EQ(facts.rank, expected.rank);
  EXPECT_EQ(facts.targets.size(), expected.targets);
  EXPECT_THAT(facts.unknown_keys, testing::IsEmpty());
  std::set<std::string> components;
  for (const Target& target : facts.targets) {
    components.insert(target.component);
  }
  EXPECT_EQ(components, expected.components);
}

INSTANTIATE_TEST_SUITE_P(AllTables, LayoutTablesTest, testing::ValuesIn(layouts()),
                         [](const auto& test) { return test.param.file; });

TEST(LayoutTablesTest, CoverEveryTableThatIsThere) {
  STYLUS_NEEDS_SHARED_DATA();
  std::set<std::string> known;
  for (const Layout& layout : layouts()) {
    known.insert(layout.file + "_format.json");
  }
  for (const auto& entry : std::filesystem::directory_iterator(shared_data() / "lora_layouts")) {
    if (entry.path().extension() == ".json") {
      EXPECT_EQ(known.count(entry.path().filename()), 1U) << entry.path().filename();
    }
  }
}

}  // namespace
}  // namespace stylus::weights
