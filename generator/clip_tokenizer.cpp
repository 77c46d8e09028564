#include "generator/clip_tokenizer.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <queue>
#include <tuple>

#include "generator/clip_words.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::generator {
namespace {

constexpr std::string_view kStart = "<|startoftext|>";
constexpr std::string_view kEnd = "<|endoftext|>";
constexpr std::string_view kWordEnd = "</w>";
constexpr std::size_t kClipMerges = 48894;

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U) |
         static_cast<std::uint32_t>(right);
}

/// The lines that hold merges: not empty, not the heading.
std::vector<std::string_view> merge_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  bool is_first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    const bool is_heading = is_first && line.find("#version") != std::string_view::npos;
    is_first = false;
    if (!line.empty() && !is_heading) {
      lines.push_back(line);
    }
  }
  return lines;
}

std::pair<std::string_view, std::string_view> parts_of(std::string_view line, std::size_t number,
                                                       std::string_view what) {
  const std::size_t blank = line.find(' ');
  const bool is_pair = blank != std::string_view::npos && blank > 0 && blank + 1 < line.size() &&
                       line.find(' ', blank + 1) == std::string_view::npos;
  require(is_pair, ErrorCode::kCorruptData, what, ": merge ", number + 1,
          " is not two tokens with a blank between them: '", truncate_utf8(repair_utf8(line), 40),
          "'");
  return {line.substr(0, blank), line.substr(blank + 1)};
}

void refuse_gzip(std::string_view bytes, std::string_view what) {
  require(bytes.substr(0, 2) != "\x1f\x8b", ErrorCode::kUnsupported, what,
          " is packed with gzip; unpack it (gunzip -k) and name the .txt file");
}

}  // namespace

ClipTokenizer ClipTokenizer::from_vocabulary(std::string_view vocab_json, std::string_view merges,
                                             std::string_view what) {
  const nlohmann::json json =
      parse_json(vocab_json, what,
                 {.max_bytes = kMaxFileBytes, .max_depth = 2, .reject_duplicate_keys = true});
  require(json.is_object() && !json.empty() && json.size() <= kMaxTokens, ErrorCode::kCorruptData,
          what, ": the vocabulary is no JSON object of 1 to ", kMaxTokens, " tokens");
  ClipTokenizer tokenizer;
  std::vector<bool> seen(json.size());
  for (const auto& [token, id] : json.items()) {
    const bool is_id = id.is_number_unsigned() && id.get<std::uint64_t>() < json.size();
    require(is_id && !seen[id.get<std::size_t>()], ErrorCode::kCorruptData, what, ": token '",
            truncate_utf8(token, 40), "' has the id ", id.dump().substr(0, 24), ", expected 0 to ",
            json.size() - 1, ", each once");
    seen[id.get<std::size_t>()] = true;
    tokenizer.ids_.emplace(token, id.get<std::int32_t>());
  }
  tokenizer.add_merges(merge_lines(merges), what);
  tokenizer.finish(what);
  return tokenizer;
}

ClipTokenizer ClipTokenizer::from_merges(std::string_view merges, std::string_view what) {
  refuse_gzip(merges, what);
  std::vector<std::string_view> lines = merge_lines(merges);
  lines.resize(std::min(lines.size(), kClipMerges));
  ClipTokenizer tokenizer;
  const auto add = [&tokenizer, what](std::string token) {
    const auto id = static_cast<std::int32_t>(tokenizer.ids_.size());
    require(tokenizer.ids_.emplace(std::move(token), id).second, ErrorCode::kCorruptData, what,
            ": token ", id, " occurs twice");
  };
  for (const std::string_view ending : {std::string_view(), kWordEnd}) {
    for (const unsigned char b : byte_order()) {
      add(byte_symbols()[b] + std::string(ending));
    }
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto [left, right] = parts_of(lines[i], i, what);
    add(std::string(left) + std::string(right));
  }
  add(std::string(kStart));
  add(std::string(kEnd));
  tokenizer.add_merges(lines, what);
  tokenizer.finish(what);
  return tokenizer;
}

ClipTokenizer ClipTokenizer::open(const std::filesystem::path& path) {
  std::string what = "'";
  what += path.string();
  what += "'";
  if (std::filesystem::is_directory(path)) {
    return from_vocabulary(read_file(path / "vocab.json", kMaxFileBytes),
                           read_file(path / "merges.txt", kMaxFileBytes), what);
  }
  return from_merges(read_file(path, kMaxFileBytes), what);
}

void ClipTokenizer::add_merges(const std::vector<std::string_view>& lines, std::string_view what) {
  require(lines.size() <= kMaxTokens, ErrorCode::kCorruptData, what, ": ", lines.size(),
          " merges, expected at most ", kMaxTokens);
  const auto id = [this, what](const std::string& token, std::size_t number) {
    const auto found = ids_.find(token);
    require(found != ids_.end(), ErrorCode::kCorruptData, what, ": merge ", number + 1,
            " speaks of '", truncate_utf8(repair_utf8(token), 40),
            "', which is not in the vocabulary");
    return found->second;
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto [left, right] = parts_of(lines[i], i, what);
    const std::int32_t left_id = id(std::string(left), i);
    const std::int32_t right_id = id(std::string(right), i);
    const std::int32_t result = id(std::string(left) + std::string(right), i);
    merges_.emplace(pair_key(left_id, right_id), Merge{static_cast<std::uint32_t>(i), result});
  }
}

void ClipTokenizer::finish(std::string_view what) {
  start_ = id_of(kStart);
  end_ = id_of(kEnd);
  require(start_ >= 0 && end_ >= 0, ErrorCode::kCorruptData, what, ": the vocabulary lacks ",
          start_ < 0 ? kStart : kEnd, "; it is not one of a CLIP model");
  comma_ = id_of(",</w>");
  // A byte without a symbol is the unknown token, which for CLIP is the end token.
  for (const std::string& symbol : byte_symbols()) {
    const std::int64_t inner = id_of(symbol);
    const std::int64_t last = id_of(symbol + std::string(kWordEnd));
    byte_ids_.push_back(static_cast<std::int32_t>(inner >= 0 ? inner : end_));
    last_byte_ids_.push_back(static_cast<std::int32_t>(last >= 0 ? last : end_));
  }
}

std::int64_t ClipTokenizer::id_of(std::string_view token) const {
  const auto found = ids_.find(std::string(token));
  return found == ids_.end() ? -1 : found->second;
}

std::vector<std::int64_t> ClipTokenizer::encode(std::string_view text) const {
  text = truncate_utf8(text, kMaxTextBytes);
  std::vector<std::int64_t> ids;
  while (true) {
    const std::size_t start = text.find(kStart);
    const std::size_t end = text.find(kEnd);
    const std::size_t special = std::min(start, end);
    append_plain(text.substr(0, special), ids);
    if (special == std::string_view::npos) {
      return ids;
    }
    ids.push_back(start < end ? start_ : end_);
    text.remove_prefix(special + (start < end ? kStart.size() : kEnd.size()));
  }
}

void ClipTokenizer::append_plain(std::string_view text, std::vector<std::int64_t>& ids) const {
  for (const std::string& word : clip_words(text)) {
    append_word(word, ids);
  }
}

void ClipTokenizer::append_word(std::string_view word, std::vector<std::int64_t>& ids) const {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  struct Symbol {
    std::int32_t id;
    std::size_t previous;
    std::size_t next;
  };
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool is_last = i + 1 == word.size();
    const auto b = static_cast<unsigned char>(word[i]);
    symbols.push_back({is_last ? last_byte_ids_[b] : byte_ids_[b], i == 0 ? kNone : i - 1,
                       is_last ? kNone : i + 1});
  }

  // Lowest rank first, then leftmost. An entry is stale when its symbols have changed since.
  using Entry = std::tuple<std::uint32_t, std::size_t, std::int32_t, std::int32_t, std::int32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  const auto offer = [&](std::size_t left) {
    if (left == kNone || symbols[left].next == kNone) {
      return;
    }
    const std::int32_t right_id = symbols[symbols[left].next].id;
    const auto merge = merges_.find(pair_key(symbols[left].id, right_id));
    if (merge != merges_.end()) {
      queue.emplace(merge->second.rank, left, symbols[left].id, right_id, merge->second.result);
    }
  };
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    offer(i);
  }
  while (!queue.empty()) {
    const auto [rank, left, left_id, right_id, result] = queue.top();
    queue.pop();
    const std::size_t right = symbols[left].next;
    if (symbols[left].id != left_id || right == kNone || symbols[right].id != right_id) {
      continue;
    }
    symbols[left].id = result;
    symbols[left].next = symbols[right].next;
    symbols[right].id = -1;
    if (symbols[left].next != kNone) {
      symbols[symbols[left].next].previous = left;
    }
    offer(symbols[left].previous);
    offer(left);
  }
  for (std::size_t i = 0; i != kNone && !symbols.empty(); i = symbols[i].next) {
    ids.push_back(symbols[i].id);
  }
}

std::vector<std::int64_t> ClipTokenizer::encode_padded(std::string_view text, std::size_t length,
                                                       std::int64_t padding) const {
  require(length >= 2, ErrorCode::kInvalidArgument, "a sequence of ", length,
          " tokens has no room for start and end");
  std::vector<std::int64_t> ids = encode(text);
  ids.resize(std::min(ids.size(), length - 2));
  ids.insert(ids.begin(), start_);
  ids.push_back(end_);
  ids.resize(length, padding);
  return ids;
}

}  // namespace stylus::generator
