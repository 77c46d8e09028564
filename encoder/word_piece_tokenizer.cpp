#include "encoder/word_piece_tokenizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "support/error.h"
#include "support/text.h"

namespace stylus::encoder {
namespace {

using CodePoint = utf8proc_int32_t;

constexpr std::size_t kMaxWordCharacters = 100;
constexpr CodePoint kReplacement = 0xFFFD;

std::optional<std::int32_t> walk(const Trie& trie, std::string_view text) {
  std::optional<std::int32_t> node = Trie::kRoot;
  for (const char c : text) {
    node = node ? trie.child(*node, static_cast<std::uint8_t>(c)) : node;
  }
  return node;
}

std::int32_t special_piece(const Trie& trie, std::string_view text) {
  const std::optional<std::int32_t> node = walk(trie, text);
  const std::int32_t piece = node ? trie.piece(*node) : -1;
  require(piece >= 0, ErrorCode::kCorruptData, "the tokenizer's vocabulary lacks ", text,
          "; fetch the encoder again");
  return piece;
}

bool is_white_space(CodePoint c) {
  switch (c) {
    case '\t':
    case '\n':
    case '\r':
      return true;
    default:
      break;
  }
  const utf8proc_category_t category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

/// Control, format, private and surrogate characters.
bool is_dropped(CodePoint c) {
  if (c == kReplacement) {
    return true;
  }
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
      return !is_white_space(c);
    default:
      return false;
  }
}

bool is_punctuation(CodePoint c) {
  if (c < 0x80) {
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
           (c >= 123 && c <= 126);
  }
  const utf8proc_category_t category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool is_cjk(CodePoint c) {
  constexpr std::array<std::pair<CodePoint, CodePoint>, 8> kRanges = {{{0x4E00, 0x9FFF},
                                                                       {0x3400, 0x4DBF},
                                                                       {0x20000, 0x2A6DF},
                                                                       {0x2A700, 0x2B73F},
                                                                       {0x2B740, 0x2B81F},
                                                                       {0x2B920, 0x2CEAF},
                                                                       {0xF900, 0xFAFF},
                                                                       {0x2F800, 0x2FA1F}}};
  return std::any_of(kRanges.begin(), kRanges.end(),
                     [c](const auto& range) { return c >= range.first && c <= range.second; });
}

/// Takes the first character off `text`; invalid bytes come out as U+FFFD.
CodePoint take_character(std::string_view& text) {
  CodePoint c = kReplacement;
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &c);
  text.remove_prefix(length > 0 ? static_cast<std::size_t>(length) : 1);
  return length > 0 ? c : kReplacement;
}

void append_character(CodePoint c, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t length = utf8proc_encode_char(c, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

/// A character taken apart, without its accents, in lower case.
template <typename Use>
void for_each_plain_character(CodePoint c, const Use& use) {
  std::array<CodePoint, 32> parts{};
  int boundary = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      c, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()), UTF8PROC_DECOMPOSE, &boundary);
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::max<utf8proc_ssize_t>(count, 0)); ++i) {
    if (utf8proc_category(parts[i]) != UTF8PROC_CATEGORY_MN) {
      use(utf8proc_tolower(parts[i]));
    }
  }
}

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(const Trie& pieces, std::size_t max_tokens)
    : pieces_(pieces),
      max_pieces_(max_tokens - 2),
      specials_{special_piece(pieces, "[UNK]"), special_piece(pieces, "[CLS]"),
                special_piece(pieces, "[SEP]"), special_piece(pieces, "[PAD]"),
                special_piece(pieces, "[MASK]")} {
  const std::optional<std::int32_t> inner = walk(pieces, "##");
  require(inner.has_value(), ErrorCode::kCorruptData,
          "the tokenizer's vocabulary has no pieces that begin with ##; fetch the encoder again");
  inner_ = *inner;
}

void WordPieceTokenizer::append_word(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (word.empty()) {
    return;
  }
  const std::size_t before = ids.size();
  if (character_count(word) > kMaxWordCharacters) {
    ids.push_back(specials_.unknown);
    return;
  }
  for (std::size_t at = 0; at < word.size();) {
    std::optional<std::int32_t> node = at == 0 ? Trie::kRoot : inner_;
    std::int32_t longest = -1;
    std::size_t longest_end = at;
    for (std::size_t i = at; i < word.size(); ++i) {
      node = pieces_.child(*node, static_cast<std::uint8_t>(word[i]));
      if (!node) {
        break;
      }
      if (pieces_.piece(*node) >= 0) {
        longest = pieces_.piece(*node);
        longest_end = i + 1;
      }
    }
    if (longest < 0) {
      ids.resize(before);
      ids.push_back(specials_.unknown);
      return;
    }
    ids.push_back(longest);
    at = longest_end;
  }
}

void WordPieceTokenizer::append_plain(std::string_view text, std::vector<std::int32_t>& ids) const {
  std::string word;
  const auto end_word = [&] {
    append_word(word, ids);
    word.clear();
  };
  while (!text.empty() && ids.size() <= max_pieces_) {
    const CodePoint c = take_character(text);
    if (is_dropped(c)) {
      continue;
    }
    const bool apart = is_cjk(c);
    if (apart) {
      end_word();
    }
    for_each_plain_character(c, [&](CodePoint plain) {
      if (is_white_space(plain)) {
        end_word();
      } else if (is_punctuation(plain)) {
        end_word();
        append_character(plain, word);
        end_word();
      } else {
        append_character(plain, word);
      }
    });
    if (apart) {
      end_word();
    }
  }
  end_word();
}

std::vector<std::int32_t> WordPieceTokenizer::encode(std::string_view text) const {
  const std::array<std::pair<std::string_view, std::int32_t>, 5> specials = {
      {{"[UNK]", specials_.unknown},
       {"[CLS]", specials_.begin},
       {"[SEP]", specials_.end},
       {"[PAD]", specials_.padding},
       {"[MASK]", specials_.masked}}};
  text = truncate_utf8(text, kMaxTextBytes);
  std::vector<std::int32_t> ids = {specials_.begin};
  while (!text.empty()) {
    std::size_t at = text.find('[');
    const auto* special = specials.end();
    for (; at != std::string_view::npos; at = text.find('[', at + 1)) {
      special = std::find_if(specials.begin(), specials.end(), [&](const auto& entry) {
        return text.substr(at).starts_with(entry.first);
      });
      if (special != specials.end()) {
        break;
      }
    }
    append_plain(text.substr(0, at), ids);
    if (at == std::string_view::npos) {
      break;
    }
    ids.push_back(special->second);
    text.remove_prefix(at + special->first.size());
  }
  if (ids.size() == 1) {
    return {};
  }
  ids.resize(std::min(ids.size(), max_pieces_ + 1));
  ids.push_back(specials_.end);
  return ids;
}

}  // namespace stylus::encoder
