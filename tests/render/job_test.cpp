#include "render/job.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "render/output_files.h"
#include "support/error.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::render {
namespace {

using nlohmann::json;

class Jobs : public testing::Test {
 protected:
  Jobs() {
    for (const char* name : {"one.safetensors", "two.safetensors", "word.safetensors"}) {
      std::ofstream(folder_ / name) << "only looked for";
    }
    composer::Plan plan;
    plan.prompt = "a fox";
    plan.rendered_prompt = "a fox, ink";
    plan.negative_prompt = "blurry";
    for (const auto& [name, kind] :
         {std::pair("one", "lora"), std::pair("word", "textual_inversion"),
          std::pair("two", "lora")}) {
      composer::PlanAdapter adapter;
      adapter.id = std::string("test:") + name;
      adapter.name = name;
      adapter.kind = kind;
      adapter.file = (folder_ / (std::string(name) + ".safetensors")).string();
      adapter.weight = 0.5;
      adapter.text_encoder_weight = 0.25;
      plan.adapters.push_back(adapter);
    }
    plan.images = {{7, {true, true, false}, "{}"}, {9, {false, true, true}, "{}"}};
    job_ = {{"stylus_render_job", 1},
            {"model", "/models/x"},
            {"output", "/tmp/out.png"},
            {"plan", json::parse(composer::plan_to_json(plan))}};
  }

  [[nodiscard]] std::string message(const json& job) const {
    return error_message_of([&] { return read_job(job.dump()); });
  }

  TempDir folder_;
  json job_;
};

TEST_F(Jobs, APlanBecomesARequest) {
  job_["width"] = 96;
  job_["clip_skip"] = 2;
  job_["composition"] = "switch";
  job_["hires"] = {{"scale", 1.5}};
  const Job job = read_job(job_.dump());
  EXPECT_EQ(job.request.prompt, "a fox, ink");
  EXPECT_EQ(job.request.negative_prompt, "blurry");
  ASSERT_EQ(job.request.adapters.size(), 2U);
  EXPECT_EQ(job.request.adapters[1].file.filename(), "two.safetensors");
  EXPECT_EQ(job.request.adapters[1].weight, 0.5);
  EXPECT_EQ(job.request.adapters[1].text_encoder_weight, 0.25);
  ASSERT_EQ(job.request.textual_inversions.size(), 1U);
  ASSERT_EQ(job.request.images.size(), 2U);
  EXPECT_EQ(job.request.images[0].seed, 7U);
  EXPECT_EQ(job.request.images[0].mask, (std::vector<double>{1, 0}));
  EXPECT_EQ(job.request.images[1].mask, (std::vector<double>{0, 1}));
  EXPECT_EQ(job.request.width, 96);
  EXPECT_EQ(job.request.height, 0) << "the model's own";
  EXPECT_EQ(job.request.layers_dropped, 1);
  EXPECT_EQ(job.request.composition, generator::Composition::kSwitch);
  EXPECT_EQ(job.request.hires.scale, 1.5);
  EXPECT_EQ(job.request.hires.strength, 0.7);
}

TEST_F(Jobs, FaultsAreNamed) {
  const auto with = [this](const char* key, const json& value) {
    json changed = job_;
    changed[key] = value;
    return message(changed);
  };
  EXPECT_NE(with("stylus_render_job", 2).find("version 2"), std::string::npos);
  EXPECT_NE(with("model", "").find("names no model"), std::string::npos);
  EXPECT_NE(with("output", "").find("names no output"), std::string::npos);
  EXPECT_NE(with("plan", nullptr).find("has no plan"), std::string::npos);
  EXPECT_NE(with("steps", "many").find("job.steps must be a whole number"), std::string::npos);
  EXPECT_NE(with("steps", 2.5).find("job.steps"), std::string::npos);
  EXPECT_NE(with("steps", -1).find("job.steps"), std::string::npos);
  EXPECT_NE(with("clip_skip", std::numeric_limits<std::int64_t>::min()).find("job.clip_skip"),
            std::string::npos);
  EXPECT_NE(with("preview_every", std::numeric_limits<std::uint64_t>::max()).find("preview_every"),
            std::string::npos);
  EXPECT_NE(with("guidance", "7").find("job.guidance must be a number"), std::string::npos);
  EXPECT_NE(with("sheet", 1).find("job.sheet must be true or false"), std::string::npos);
  EXPECT_NE(with("sampler", 3).find("job.sampler must be a text"), std::string::npos);
  EXPECT_NE(with("hires", json::array()).find("hires is no object"), std::string::npos);
  EXPECT_NE(with("composition", "mix").find("use sum, switch or composite"), std::string::npos);
  EXPECT_NE(message(json::array()).find("no object"), std::string::npos);
}

TEST_F(Jobs, AnAdapterWithoutFileIsNamed) {
  job_["plan"]["adapters"][2]["file"] = "/no/such.safetensors";
  const std::string text = message(job_);
  EXPECT_NE(text.find("'two' (test:two)"), std::string::npos) << text;
  EXPECT_NE(text.find("--only-installed"), std::string::npos) << text;
  EXPECT_EQ(error_code_of([&] { return read_job(job_.dump()); }), ErrorCode::kNotFound);
}

TEST_F(Jobs, DescribingNeedsNoPlan) {
  const json job = {{"stylus_render_job", 1}, {"model", "/models/x"}, {"describe", true}};
  EXPECT_TRUE(read_job(job.dump()).only_describe);
}

// Whatever comes in, an Error with a message goes out, or a job.
TEST_F(Jobs, DamagedJobsAreErrors) {
  const std::string good = job_.dump();
  std::mt19937 random(4);
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    const std::size_t changes = 1 + random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random() % 256);
          break;
        case 1:
          text.erase(at, 1 + random() % 20);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
          break;
        default:
          text.insert(at, std::to_string(static_cast<std::int64_t>(random()) << (random() % 32)));
      }
      if (text.empty()) {
        text.assign(1, ' ');
      }
    }
    try {
      (void)read_job(text);
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
}

TEST(OutputFiles, AreNumberedWithAsManyDigitsAsNeeded) {
  EXPECT_EQ(picture_file("/a/out.png", 0, 1), "/a/out.png");
  EXPECT_EQ(picture_file("/a/out.png", 0, 9), "/a/out-1.png");
  EXPECT_EQ(picture_file("/a/out.png", 8, 10), "/a/out-09.png");
  EXPECT_EQ(picture_file("out.x.png", 99, 100), "out.x-100.png");
}

}  // namespace
}  // namespace stylus::render
