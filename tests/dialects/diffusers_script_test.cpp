#include "dialects/diffusers_script.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "support/file.h"
#include "tests/dialects/example_plan.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::dialects {
namespace {

using nlohmann::json;

/// What run_script.py saw: {"constants": …, "calls": …}; null when the script failed.
json run(const std::string& script, const std::string& arguments = "") {
  const TempDir folder;
  write_file_atomically(folder / "plan.py", script);
  const std::string command = "cd '" + folder.path().string() + "' && python3 -I '" +
                              STYLUS_TESTS_DIR "/dialects/run_script.py' plan.py " + arguments +
                              " 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string output;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
    output.append(buffer.data(), got);
  }
  const json seen = json::parse(output, nullptr, /*allow_exceptions=*/false);
  if (seen.is_discarded()) {
    ADD_FAILURE() << output;
    return {};
  }
  return seen;
}

std::vector<json> calls_of(const json& seen, const std::string& name) {
  std::vector<json> found;
  for (const json& call : seen["calls"]) {
    if (call[0] == name) {
      found.push_back(call);
    }
  }
  return found;
}

TEST(ExportDiffusers, LoadsEveryFileUnderItsKey) {
  const json seen = run(export_diffusers(lighthouse_plan()), "--loras /srv/loras");

  const std::vector<json> loads = calls_of(seen, "StableDiffusionPipeline.load_lora_weights");
  ASSERT_EQ(loads.size(), 2U);
  EXPECT_EQ(loads[0][1], json({"/srv/loras"}));
  EXPECT_EQ(loads[0][2]["weight_name"], "floating-world_v2.safetensors");
  EXPECT_EQ(loads[0][2]["adapter_name"], "adapter_0");
  EXPECT_EQ(loads[1][1], json({"/srv/loras/sea"}));
  EXPECT_EQ(loads[1][2]["weight_name"], "storm-light.safetensors");
  EXPECT_EQ(loads[1][2]["use_safetensors"], true);
}

TEST(ExportDiffusers, WeighsUnetAndTextEncoderApart) {
  const json seen = run(export_diffusers(lighthouse_plan()));

  const std::vector<json> sets = calls_of(seen, "StableDiffusionPipeline.set_adapters");
  ASSERT_EQ(sets.size(), 2U);  // once an image
  EXPECT_EQ(sets[0][1], json::parse(R"([["adapter_0", "adapter_1"]])"));
  EXPECT_EQ(sets[0][2]["adapter_weights"], json::parse(R"([{"unet": 0.64, "text_encoder": 0.64},
                            {"unet": 0.5, "text_encoder": 0.25}])"));
}

TEST(ExportDiffusers, RendersEveryImageWithItsSeedAndMask) {
  composer::Plan plan = lighthouse_plan();
  plan.images = {{-7, {false, true}}, {9000000000, {false, false}}};

  const json seen = run(export_diffusers(plan), "--steps 12");

  const std::vector<json> pictures = calls_of(seen, "pipe");
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_EQ(pictures[0][2]["prompt"], plan.rendered_prompt);
  EXPECT_EQ(pictures[0][2]["negative_prompt"], "blurry, text");
  EXPECT_EQ(pictures[0][2]["generator"], -7);
  EXPECT_EQ(pictures[0][2]["num_inference_steps"], 12);
  EXPECT_EQ(pictures[1][2]["generator"], 9000000000);
  const std::vector<json> sets = calls_of(seen, "StableDiffusionPipeline.set_adapters");
  ASSERT_EQ(sets.size(), 1U);
  EXPECT_EQ(sets[0][1], json::parse(R"([["adapter_1"]])"));
  EXPECT_EQ(calls_of(seen, "StableDiffusionPipeline.disable_lora").size(), 1U);
}

TEST(ExportDiffusers, APlanWithoutAdaptersOrImagesRendersOnePicture) {
  composer::Plan plan = lighthouse_plan();
  plan.adapters.clear();
  plan.images.clear();
  plan.negative_prompt = "";

  const json seen = run(export_diffusers(plan));

  ASSERT_EQ(calls_of(seen, "pipe").size(), 1U);
  EXPECT_FALSE(calls_of(seen, "pipe")[0][2].contains("negative_prompt"));
  EXPECT_TRUE(calls_of(seen, "StableDiffusionPipeline.disable_lora").empty());
}

TEST(ExportDiffusers, NamesTheModelOfTheBaseFamily) {
  const std::vector<std::pair<std::string, std::string>> parts = {
      {"sdxl", R"({"unet": 0.5, "text_encoder": 0.25, "text_encoder_2": 0.25})"},
      {"flux1", R"({"transformer": 0.5, "text_encoder": 0.25})"},
      {"qwen_image", R"({"transformer": 0.5})"}};
  for (const auto& [base, weights] : parts) {
    composer::Plan plan = lighthouse_plan();
    plan.base = base;

    const json seen = run(export_diffusers(plan));

    EXPECT_FALSE(seen["constants"]["MODEL"].get<std::string>().empty()) << base;
    EXPECT_EQ(seen["constants"]["ADAPTERS"][1]["weights"], json::parse(weights)) << base;
  }
}

TEST(ExportDiffusers, AsksForAModelWhereNoneIsWellKnown) {
  composer::Plan plan = lighthouse_plan();
  plan.base = "pony";

  const json seen = run(export_diffusers(plan), "--model some/model");

  EXPECT_EQ(seen["constants"]["MODEL"], "");
  EXPECT_EQ(calls_of(seen, "StableDiffusionXLPipeline.from_pretrained")[0][1],
            json({"some/model"}));
}

TEST(ExportDiffusers, NothingOfThePlanBecomesCode) {
  const std::vector<std::string> hostile = {"'; import os; os.system('false'); '",
                                            "\"\"\" + exit(1) + \"\"\"",
                                            "\\",
                                            "\\'",
                                            "line\nraise SystemExit\r\n\ttab",
                                            "{0} %s {BASE} $HOME `id`",
                                            "\u2028\u2029\u202E\u2066\u0085\uFEFF",
                                            std::string("nul\0nul", 7),
                                            "\xFF\xC3(\xE2\x82",
                                            "日本語 🗼 é"};
  for (const std::string& text : hostile) {
    composer::Plan plan = lighthouse_plan();
    plan.rendered_prompt = plan.negative_prompt = text;
    plan.base = text;
    plan.adapters[0].id = plan.adapters[0].name = text;
    plan.adapters[0].file = text + "x.safetensors";

    const json seen = run(export_diffusers(plan), "--model m");

    ASSERT_TRUE(seen.is_object());
    EXPECT_EQ(seen["constants"]["ADAPTERS"].size(), 2U);
    EXPECT_EQ(seen["constants"]["PROMPT"], seen["constants"]["ADAPTERS"][0]["name"]);
    EXPECT_EQ(calls_of(seen, "pipe").size(), 2U);
    if (text.find('\0') == std::string::npos && text.find('\xFF') == std::string::npos) {
      EXPECT_EQ(seen["constants"]["PROMPT"], text);
      EXPECT_EQ(seen["constants"]["ADAPTERS"][0]["file"], text + "x.safetensors");
    }
  }
}

TEST(ExportDiffusers, RefusesFilesThatCouldHoldCode) {
  for (const std::string file : {"ink.pt", "ink.ckpt", "ink.bin", "ink", ".safetensors"}) {
    composer::Plan plan = lighthouse_plan();
    plan.adapters[0].file = file;

    EXPECT_EQ(error_code_of([&] { return export_diffusers(plan); }), ErrorCode::kInvalidArgument)
        << file;
  }
}

TEST(ExportDiffusers, PutsATextualInversionIntoThePromptOfItsImages) {
  composer::Plan plan = lighthouse_plan();
  plan.adapters[0].kind = "textual_inversion";
  plan.images = {{1, {true, false}}, {2, {false, false}}};

  const json seen = run(export_diffusers(plan));

  EXPECT_EQ(calls_of(seen, "StableDiffusionPipeline.load_textual_inversion").size(), 1U);
  EXPECT_EQ(calls_of(seen, "pipe")[0][2]["prompt"], plan.rendered_prompt + ", adapter_0");
  EXPECT_EQ(calls_of(seen, "pipe")[1][2]["prompt"], plan.rendered_prompt);
  plan.base = "sdxl";
  EXPECT_EQ(error_code_of([&] { return export_diffusers(plan); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::dialects
