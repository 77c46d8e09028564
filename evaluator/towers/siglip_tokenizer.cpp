#include "evaluator/towers/siglip_tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cctype>

#include "support/error.h"
#include "support/file.h"
#include "support/text.h"

namespace stylus::evaluator {
namespace {

constexpr std::size_t kLargestModel = std::size_t{64} << 20U;
constexpr std::size_t kLongestText = std::size_t{64} << 10U;
constexpr const char* kEnd = "</s>";

std::string cleaned(std::string_view text) {
  std::string result = to_lower(repair_utf8(truncate_utf8(text, kLongestText)));
  std::erase_if(result, [](unsigned char letter) { return std::ispunct(letter) != 0; });
  return collapse_blanks(result);
}

}  // namespace

struct SiglipTokenizer::Impl {
  sentencepiece::SentencePieceProcessor processor;
  int end = 0;
};

SiglipTokenizer::SiglipTokenizer(const std::filesystem::path& file)
    : impl_(std::make_unique<Impl>()) {
  const std::string bytes = read_file(file, kLargestModel);
  const auto status = impl_->processor.LoadFromSerializedProto(bytes);
  require(status.ok(), ErrorCode::kCorruptData, "'", file.string(), "' is no sentencepiece model (",
          status.ToString(), "); give the spiece.model of the SigLIP model");
  impl_->end = impl_->processor.PieceToId(kEnd);
  require(!impl_->processor.IsUnknown(impl_->end), ErrorCode::kCorruptData, "'", file.string(),
          "' has no piece </s>; give the spiece.model of the SigLIP model");
}

SiglipTokenizer::~SiglipTokenizer() = default;
SiglipTokenizer::SiglipTokenizer(SiglipTokenizer&&) noexcept = default;
SiglipTokenizer& SiglipTokenizer::operator=(SiglipTokenizer&&) noexcept = default;

std::int64_t SiglipTokenizer::size() const { return impl_->processor.GetPieceSize(); }

std::vector<std::int64_t> SiglipTokenizer::encode_padded(std::string_view text, std::size_t length,
                                                         bool& truncated) const {
  require(length > 0, ErrorCode::kInvalidArgument, "a text needs room for its end");
  std::vector<int> pieces;
  const auto status = impl_->processor.Encode(cleaned(text), &pieces);
  require(status.ok(), ErrorCode::kInvalidArgument,
          "a text cannot be cut into pieces: ", status.ToString());
  truncated = pieces.size() + 1 > length;
  pieces.resize(std::min(pieces.size(), length - 1));
  std::vector<std::int64_t> ids(pieces.begin(), pieces.end());
  ids.resize(length, impl_->end);
  return ids;
}

}  // namespace stylus::evaluator
