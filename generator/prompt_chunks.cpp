#include "generator/prompt_chunks.h"

#include <algorithm>
#include <optional>

#include "support/error.h"

namespace stylus::generator {
namespace {

class Cutter {
 public:
  Cutter(const ClipTokenizer& tokenizer, const std::vector<LearnedWord>& words,
         const ChunkOptions& options)
      : tokenizer_(tokenizer), words_(words), options_(options) {}

  void take(const PromptPiece& piece) {
    if (piece.kind == PromptPiece::Kind::kBreak) {
      close();
      return;
    }
    const std::vector<std::int64_t> ids = tokenizer_.encode(piece.text);
    const auto weight = static_cast<float>(piece.weight);
    for (std::size_t at = 0; at < ids.size();) {
      make_room(ids[at]);
      if (const LearnedWord* word = word_at(ids, at)) {
        if (chunk_.ids.size() + word->vectors.size() > options_.capacity) {
          close();
        }
        for (const std::int64_t id : word->vectors) {
          add(id, weight);
        }
        at += word->name.size();
      } else {
        add(ids[at], weight);
        ++at;
      }
    }
  }

  std::vector<PromptChunk> finish() {
    if (!chunk_.ids.empty() || chunks_.empty()) {
      close();
    }
    return std::move(chunks_);
  }

 private:
  void add(std::int64_t id, float weight) {
    chunk_.ids.push_back(id);
    chunk_.weights.push_back(weight);
  }

  void close() {
    chunks_.push_back(std::move(chunk_));
    chunk_ = {};
    last_comma_.reset();
  }

  /// Closes a full chunk, after its last comma if that is near enough.
  void make_room(std::int64_t next_id) {
    const std::size_t size = chunk_.ids.size();
    const bool is_full = size == options_.capacity;
    if (next_id == tokenizer_.comma()) {
      last_comma_ = size;
    } else if (is_full && last_comma_ && options_.comma_backtrack != 0 &&
               size - *last_comma_ <= options_.comma_backtrack) {
      const auto kept = static_cast<std::ptrdiff_t>(*last_comma_ + 1);
      PromptChunk moved;
      moved.ids.assign(chunk_.ids.begin() + kept, chunk_.ids.end());
      moved.weights.assign(chunk_.weights.begin() + kept, chunk_.weights.end());
      chunk_.ids.resize(static_cast<std::size_t>(kept));
      chunk_.weights.resize(static_cast<std::size_t>(kept));
      close();
      chunk_ = std::move(moved);
    }
    if (chunk_.ids.size() == options_.capacity) {
      close();
    }
  }

  [[nodiscard]] const LearnedWord* word_at(const std::vector<std::int64_t>& ids,
                                           std::size_t at) const {
    const LearnedWord* longest = nullptr;
    for (const LearnedWord& word : words_) {
      const bool matches = word.name.size() <= ids.size() - at &&
                           std::equal(word.name.begin(), word.name.end(),
                                      ids.begin() + static_cast<std::ptrdiff_t>(at));
      if (matches && (longest == nullptr || word.name.size() > longest->name.size())) {
        longest = &word;
      }
    }
    return longest;
  }

  const ClipTokenizer& tokenizer_;
  const std::vector<LearnedWord>& words_;
  const ChunkOptions& options_;
  std::vector<PromptChunk> chunks_;
  PromptChunk chunk_;
  std::optional<std::size_t> last_comma_;  // position in chunk_
};

}  // namespace

bool PromptChunk::has_emphasis() const {
  return std::any_of(weights.begin(), weights.end(), [](float w) { return w != 1.0F; });
}

std::vector<PromptChunk> cut_into_chunks(const ParsedPrompt& prompt, const ClipTokenizer& tokenizer,
                                         const std::vector<LearnedWord>& words,
                                         const ChunkOptions& options) {
  require(options.capacity >= 1, ErrorCode::kInvalidArgument, "a chunk must hold a token");
  for (const LearnedWord& word : words) {
    require(!word.name.empty() && word.vectors.size() <= options.capacity,
            ErrorCode::kInvalidArgument, "a learned word of ", word.vectors.size(),
            " vectors does not fit a chunk of ", options.capacity);
  }
  Cutter cutter(tokenizer, words, options);
  for (const PromptPiece& piece : prompt.pieces) {
    cutter.take(piece);
  }
  return cutter.finish();
}

std::vector<std::int64_t> padded_ids(const PromptChunk& chunk, const ClipTokenizer& tokenizer,
                                     std::int64_t padding, std::size_t capacity) {
  require(chunk.ids.size() <= capacity, ErrorCode::kInvalidArgument, "a chunk of ",
          chunk.ids.size(), " tokens, room for ", capacity);
  std::vector<std::int64_t> ids{tokenizer.start()};
  ids.insert(ids.end(), chunk.ids.begin(), chunk.ids.end());
  ids.push_back(tokenizer.end());
  ids.resize(capacity + 2, padding);
  return ids;
}

}  // namespace stylus::generator
