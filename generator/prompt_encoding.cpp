#include "generator/prompt_encoding.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <set>
#include <utility>

#include "generator/prompt_grammar.h"
#include "support/error.h"

namespace stylus::generator {
namespace {

std::size_t capacity_of(const TextStage& stage) {
  return static_cast<std::size_t>(stage.model->config().max_positions - 2);
}

/// Emphasis of a chunk: rows times weights, then the whole to its mean before.
at::Tensor emphasised(const at::Tensor& rows, const PromptChunk& chunk) {
  std::vector<float> weights{1.0F};  // the start token's
  weights.insert(weights.end(), chunk.weights.begin(), chunk.weights.end());
  weights.resize(static_cast<std::size_t>(rows.size(0)), 1.0F);
  const at::Tensor factor = at::tensor(weights, at::TensorOptions().dtype(at::kFloat))
                                .to(rows.device())
                                .unsqueeze(1);  // [L, 1]
  const at::Tensor before = rows.to(at::kFloat);
  const at::Tensor after = before.mul(factor);
  const double old_mean = before.mean().item<double>();
  const double new_mean = after.mean().item<double>();
  return after.mul(new_mean != 0 ? old_mean / new_mean : 1.0).to(rows.scalar_type());
}

at::Tensor context_of(const nn::ClipText& model, const nn::ClipText::Output& out,
                      ContextStyle style, std::int64_t dropped) {
  const auto layers = static_cast<std::int64_t>(out.hidden.size()) - 1;
  const std::int64_t back = style == ContextStyle::kPenultimate ? dropped + 1 : dropped;
  require(dropped >= 0 && back < layers, ErrorCode::kInvalidArgument, "clip skip is ", dropped + 1,
          "; this model's text encoder of ", layers, " layers takes 1 to ",
          layers - (back - dropped));
  if (style == ContextStyle::kFinalNorm && back == 0) {
    return out.last;
  }
  const at::Tensor& hidden = out.hidden[static_cast<std::size_t>(layers - back)];
  return style == ContextStyle::kFinalNorm ? model.final_norm(hidden) : hidden;
}

void add_warnings(const ParsedPrompt& prompt, std::vector<std::string>& warnings) {
  for (const std::string& warning : prompt.warnings) {
    if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) {
      warnings.push_back(warning);
    }
  }
}

}  // namespace

PromptEncoder::PromptEncoder(std::vector<TextStage> stages, ContextStyle style)
    : stages_(std::move(stages)), style_(style), words_(stages_.size()) {
  const std::size_t most = style == ContextStyle::kPenultimate ? 2 : 1;
  require(!stages_.empty() && stages_.size() <= most, ErrorCode::kInvalidArgument, "the model has ",
          stages_.size(), " text encoders, expected 1", most == 2 ? " or 2" : "");
  for (const TextStage& stage : stages_) {
    const nn::ClipTextConfig& config = stage.model->config();
    require(config.max_positions >= 3 &&
                config.max_positions == stages_[0].model->config().max_positions,
            ErrorCode::kInvalidArgument, "a text encoder has ", config.max_positions,
            " positions; at least 3, and equal numbers, are needed");
    require(static_cast<std::int64_t>(stage.tokenizer->size()) <= config.vocab_size &&
                stage.padding >= 0 && stage.padding < config.vocab_size,
            ErrorCode::kInvalidArgument, "the tokenizer has ", stage.tokenizer->size(),
            " tokens and the text encoder ", config.vocab_size,
            "; use the tokenizer that belongs to the model");
  }
}

void PromptEncoder::set_textual_inversions(const std::vector<TextualInversion>& inversions) {
  std::vector<std::vector<LearnedWord>> words(stages_.size());
  std::vector<std::vector<at::Tensor>> rows(stages_.size());
  std::set<std::string> names;
  for (const TextualInversion& inversion : inversions) {
    require(names.insert(inversion.name).second, ErrorCode::kInvalidArgument,
            "two textual inversions are called '", inversion.name, "'");
    require(inversion.vectors.size() == stages_.size(), ErrorCode::kInvalidArgument,
            "textual inversion '", inversion.name, "' is for ", inversion.vectors.size(),
            " text encoders, the model has ", stages_.size(), "; it belongs to another base model");
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      const TextStage& stage = stages_[s];
      const at::Tensor& vectors = inversion.vectors[s];
      require(vectors.size(1) == stage.model->config().hidden_size, ErrorCode::kInvalidArgument,
              "textual inversion '", inversion.name, "' has vectors of width ", vectors.size(1),
              ", the text encoder's are ", stage.model->config().hidden_size,
              "; it belongs to another base model");
      require(inversion.count() == vectors.size(0) &&
                  static_cast<std::size_t>(vectors.size(0)) <= capacity_of(stage),
              ErrorCode::kInvalidArgument, "textual inversion '", inversion.name, "' has ",
              vectors.size(0), " vectors, a chunk holds ", capacity_of(stage));
      LearnedWord word;
      word.name = stage.tokenizer->encode(inversion.name);
      require(!word.name.empty(), ErrorCode::kInvalidArgument, "textual inversion '",
              inversion.name, "' has a name without words");
      std::int64_t next = stage.model->config().vocab_size;
      for (const at::Tensor& earlier : rows[s]) {
        next += earlier.size(0);
      }
      for (std::int64_t i = 0; i < vectors.size(0); ++i) {
        word.vectors.push_back(next + i);
      }
      words[s].push_back(std::move(word));
      rows[s].push_back(vectors);
    }
  }
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    const at::Tensor& own = stages_[s].model->token_embedding();
    stages_[s].model->set_extra_embeddings(
        rows[s].empty() ? at::Tensor() : at::cat(rows[s]).to(own.device(), own.scalar_type()));
  }
  words_ = std::move(words);
}

std::vector<PromptChunk> PromptEncoder::chunks_of(const std::string& prompt) const {
  ChunkOptions options;
  options.capacity = capacity_of(stages_[0]);
  return cut_into_chunks(parse_prompt(prompt), *stages_[0].tokenizer, words_[0], options);
}

PromptEncoder::StageRows PromptEncoder::run(const TextStage& stage,
                                            const std::vector<std::vector<PromptChunk>>& prompts,
                                            const PromptOptions& options) const {
  const std::size_t capacity = capacity_of(stage);
  const auto length = static_cast<std::int64_t>(capacity + 2);
  std::vector<std::int64_t> ids;
  for (const std::vector<PromptChunk>& chunks : prompts) {
    for (const PromptChunk& chunk : chunks) {
      const auto row = padded_ids(chunk, *stage.tokenizer, stage.padding, capacity);
      ids.insert(ids.end(), row.begin(), row.end());
    }
  }
  const auto batch = static_cast<std::int64_t>(prompts.size());
  const auto chunk_count = static_cast<std::int64_t>(prompts[0].size());
  const at::Tensor input = at::tensor(ids, at::TensorOptions().dtype(at::kLong))
                               .reshape({batch * chunk_count, length})
                               .to(stage.model->token_embedding().device());  // [B k, L]
  const nn::ClipText::Output out = stage.model->forward(input);
  at::Tensor context =
      context_of(*stage.model, out, style_, options.layers_dropped);  // [B k, L, D]

  std::vector<at::Tensor> rows;
  bool has_emphasis = false;
  for (std::int64_t i = 0; i < batch * chunk_count; ++i) {
    const PromptChunk& chunk = prompts[static_cast<std::size_t>(i / chunk_count)]
                                      [static_cast<std::size_t>(i % chunk_count)];
    rows.push_back(chunk.has_emphasis() ? emphasised(context[i], chunk) : context[i]);
    has_emphasis = has_emphasis || chunk.has_emphasis();
  }
  context = has_emphasis ? at::stack(rows) : context;
  StageRows result;
  result.context = context.reshape({batch, chunk_count * length, context.size(2)});  // [B, L k, D]
  const at::Tensor& pooled = out.projected.defined() ? out.projected : out.pooled;
  result.pooled = pooled.reshape({batch, chunk_count, pooled.size(1)}).select(1, 0);  // [B, P]
  return result;
}

PromptEncoding PromptEncoder::encode(const std::vector<std::string>& prompts,
                                     const PromptOptions& options) const {
  require(!prompts.empty(), ErrorCode::kInvalidArgument, "there is no prompt to encode");
  PromptEncoding encoding;
  std::vector<ParsedPrompt> parsed;
  for (const std::string& prompt : prompts) {
    parsed.push_back(parse_prompt(prompt));
    add_warnings(parsed.back(), encoding.warnings);
  }
  // Encoders may cut differently (their learned words differ): all get as many chunks as the most.
  std::size_t chunk_count = 1;
  std::vector<std::vector<std::vector<PromptChunk>>> chunks(stages_.size());
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    ChunkOptions chunk_options;
    chunk_options.capacity = capacity_of(stages_[s]);
    for (const ParsedPrompt& prompt : parsed) {
      chunks[s].push_back(cut_into_chunks(prompt, *stages_[s].tokenizer, words_[s], chunk_options));
      chunk_count = std::max(chunk_count, chunks[s].back().size());
    }
  }
  std::vector<at::Tensor> contexts;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    for (std::vector<PromptChunk>& of_prompt : chunks[s]) {
      of_prompt.resize(chunk_count);
    }
    StageRows rows = run(stages_[s], chunks[s], options);
    contexts.push_back(rows.context);
    encoding.pooled = style_ == ContextStyle::kPenultimate ? rows.pooled : at::Tensor();
  }
  encoding.context = contexts.size() == 1 ? contexts[0] : at::cat(contexts, 2);
  encoding.chunks = static_cast<std::int64_t>(chunk_count);
  return encoding;
}

}  // namespace stylus::generator
