// Prompts through micro text encoders against diffusers' encode_prompt and, for A1111's grammar,
// its rules over transformers' outputs (tests/golden/goldens/generator_encoding.py).
#include "generator/prompt_encoding.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "nn/tensor_source.h"
#include "tests/error_code_of.h"
#include "tests/generator/golden_file.h"

namespace stylus::generator {
namespace {

using nlohmann::json;

class PromptEncodings : public testing::Test {
 protected:
  static constexpr std::int64_t kEnd = 1025;

  PromptEncodings()
      : file_("prompt_encoding.safetensors"),
        stored_(nn::read_stored_tensors(folder() / "prompt_encoding.safetensors")),
        tokenizer_(ClipTokenizer::open(folder() / "tokenizer")) {
    const json configs = json::parse(file_.metadata("configs"));
    for (const char* name : {"sd", "xl1", "xl2"}) {
      models_.push_back(load(name, configs.at(name)));
    }
    models_.push_back(load("sd", configs.at("sd"), /*parts=*/7));
  }

  static std::filesystem::path folder() {
    return std::filesystem::path(STYLUS_TESTS_DIR) / "golden/generator";
  }

  [[nodiscard]] PromptEncoder encoder(const std::string& style) const {
    if (style == "final") {
      return PromptEncoder({{models_[0].get(), &tokenizer_, kEnd}}, ContextStyle::kFinalNorm);
    }
    return PromptEncoder(
        {{models_[1].get(), &tokenizer_, kEnd}, {models_[2].get(), &tokenizer_, 0}},
        ContextStyle::kPenultimate);
  }

  /// An encoder of 11 positions.
  [[nodiscard]] PromptEncoder short_encoder() const {
    return PromptEncoder({{models_[3].get(), &tokenizer_, kEnd}}, ContextStyle::kFinalNorm);
  }

  [[nodiscard]] TextualInversion word(const std::string& style) const {
    TextualInversion inversion;
    inversion.name = file_.metadata("word");
    if (style == "final") {
      inversion.vectors = {file_.tensor("word.sd")};
    } else {
      inversion.vectors = {file_.tensor("word.xl1"), file_.tensor("word.xl2")};
    }
    return inversion;
  }

  GoldenFile file_;

 private:
  /// `parts`: with 7, only the first 11 of 77 positions.
  std::unique_ptr<nn::ClipText> load(const std::string& name, const json& numbers,
                                     std::int64_t parts = 1) {
    nn::ClipTextConfig config;
    config.max_positions = 77 / parts;
    config.vocab_size = 1026;
    config.hidden_size = numbers.at("hidden_size").get<std::int64_t>();
    config.intermediate_size = numbers.at("intermediate_size").get<std::int64_t>();
    config.layers = numbers.at("num_hidden_layers").get<std::int64_t>();
    config.heads = numbers.at("num_attention_heads").get<std::int64_t>();
    config.quick_gelu = numbers.at("hidden_act") == "quick_gelu";
    config.has_projection = numbers.contains("projection_dim");
    config.projection_dim = numbers.value("projection_dim", config.hidden_size);
    config.eos_token_id = numbers.at("eos_token_id").get<std::int64_t>();
    nn::StoredTensors tensors;
    const std::string prefix = std::string("weight.").append(name).append(".");
    for (const auto& [key, tensor] : stored_) {
      if (key.substr(0, prefix.size()) == prefix) {
        auto& kept = tensors.emplace(key.substr(prefix.size()), tensor).first->second;
        kept.parts = key.find("position_embedding") != std::string::npos ? parts : 1;
      }
    }
    return nn::load_model<nn::ClipText>(config, tensors, name, {});
  }

  nn::StoredTensors stored_;
  ClipTokenizer tokenizer_;
  std::vector<std::unique_ptr<nn::ClipText>> models_;
};

void expect_near(const at::Tensor& actual, const at::Tensor& expected, const std::string& what) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << what;
  const at::Tensor difference = actual.sub(expected).abs();
  const at::Tensor excess = difference.sub(expected.abs().mul(1e-4)).max();
  EXPECT_LE(excess.item<double>(), 2e-5)
      << what << ": largest difference " << difference.max().item<double>();
}

TEST_F(PromptEncodings, AreThoseOfTheReferences) {
  const json cases = json::parse(file_.metadata("cases"));
  ASSERT_GE(cases.size(), 13U);
  for (const json& facts : cases) {
    const std::string name = facts.at("case").get<std::string>();
    const std::string style = facts.at("style").get<std::string>();
    PromptEncoder prompts = encoder(style);
    if (facts.at("word").get<bool>()) {
      prompts.set_textual_inversions({word(style)});
    }
    PromptOptions options;
    options.layers_dropped = facts.at("dropped").get<std::int64_t>();

    const PromptEncoding encoding =
        prompts.encode(facts.at("prompts").get<std::vector<std::string>>(), options);

    expect_near(encoding.context, file_.tensor(name + ".context"), name);
    EXPECT_EQ(encoding.chunks * 77, encoding.context.size(1)) << name;
    EXPECT_EQ(encoding.pooled.defined(), style == "penultimate") << name;
    if (encoding.pooled.defined()) {
      expect_near(encoding.pooled, file_.tensor(name + ".pooled"), name);
    }
    prompts.set_textual_inversions({});
  }
}

TEST_F(PromptEncodings, APromptDoesNotDependOnTheOthersOfItsLength) {
  const PromptEncoder prompts = encoder("final");
  const PromptEncoding both = prompts.encode({"a (red:1.3) fox", "a whale"});
  const PromptEncoding one = prompts.encode({"a (red:1.3) fox"});

  expect_near(both.context.slice(0, 0, 1), one.context, "first of two");
}

TEST_F(PromptEncodings, FollowTheEncodersNumberOfPositions) {
  const PromptEncoder prompts = short_encoder();
  const std::string text = "1 2 3 4 5 6 7 8 9 BREAK 1";  // a digit is a token
  const PromptEncoding encoding = prompts.encode({text});

  EXPECT_EQ(encoding.chunks, 2);
  EXPECT_EQ(encoding.context.size(1), 22);
  EXPECT_EQ(prompts.chunks_of(text + " 2 3 4 5 6 7 8 9 1").size(), 3U);
}

TEST_F(PromptEncodings, TellOfRemovedTagsOnce) {
  const PromptEncoding encoding = encoder("final").encode({"a <lora:x:1>", "b <lora:x:1>"});
  EXPECT_EQ(encoding.warnings.size(), 1U);
}

TEST_F(PromptEncodings, RemovingAnInversionGivesThePromptBack) {
  PromptEncoder prompts = encoder("final");
  const std::vector<std::string> text = {"a zorg-style fox"};
  const at::Tensor before = prompts.encode(text).context;

  prompts.set_textual_inversions({word("final")});
  const at::Tensor with = prompts.encode(text).context;
  prompts.set_textual_inversions({});

  EXPECT_FALSE(with.equal(before));
  EXPECT_TRUE(prompts.encode(text).context.equal(before));
}

TEST_F(PromptEncodings, RefuseWhatDoesNotFit) {
  PromptEncoder prompts = encoder("final");
  const auto code = [&](const TextualInversion& inversion) {
    return error_code_of([&] {
      prompts.set_textual_inversions({inversion});
      return 0;
    });
  };
  TextualInversion wide = word("final");
  wide.vectors[0] = at::zeros({1, 17});
  TextualInversion long_one = word("final");
  long_one.vectors[0] = at::zeros({76, 16});
  TextualInversion nameless = word("final");
  nameless.name.clear();

  EXPECT_EQ(code(word("penultimate")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(wide), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(long_one), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(nameless), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] {
              prompts.set_textual_inversions({word("final"), word("final")});
              return 0;
            }),
            ErrorCode::kInvalidArgument);

  PromptOptions options;
  options.layers_dropped = 3;
  EXPECT_EQ(error_code_of([&] { return prompts.encode({"a"}, options); }),
            ErrorCode::kInvalidArgument);
  options.layers_dropped = -1;
  EXPECT_EQ(error_code_of([&] { return prompts.encode({"a"}, options); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] { return prompts.encode({}); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::generator
