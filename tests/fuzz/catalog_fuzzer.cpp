// Feeds one parser of the catalogue with arbitrary bytes. Which one, the build says (FUZZ_…).
// The only way out of a parser besides its result is Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "catalog/card_line.h"
#include "catalog/categories.h"
#include "catalog/html.h"
#include "catalog/importer.h"
#include "catalog/listing.h"
#include "catalog/sidecars.h"
#include "catalog/weight_text.h"
#include "support/error.h"
#include "support/text.h"

namespace {

using namespace stylus::catalog;

/// What every card must be, however odd its source was.
void check(const Card& card) {
  const bool clean = stylus::is_valid_utf8(card.name) && stylus::is_valid_utf8(card.description) &&
                     card.name.size() <= kMaxNameBytes &&
                     card.description.size() <= kMaxDescriptionBytes &&
                     card.description.find('\0') == std::string::npos &&
                     card_from_json(card_to_json(card)) == card;
  if (!clean) {
    std::abort();
  }
  (void)categories_of(card.name, card.tags, card.triggers, card.description);
}

[[maybe_unused]] void feed_sidecar(SidecarKind kind, std::string_view text) {
  if (const auto card = read_sidecar(kind, text, ExamplePrompts::kKeep)) {
    check(*card);
  }
}

void feed(std::string_view text) {
#if defined(FUZZ_CARD_LINE)
  check(read_card_line(text, ExamplePrompts::kKeep));
#elif defined(FUZZ_USER_JSON)
  feed_sidecar(SidecarKind::kUserJson, text);
#elif defined(FUZZ_LORA_MANAGER)
  feed_sidecar(SidecarKind::kLoraManager, text);
#elif defined(FUZZ_CIVITAI_INFO)
  feed_sidecar(SidecarKind::kCivitaiInfo, text);
#elif defined(FUZZ_STABILITY_MATRIX)
  feed_sidecar(SidecarKind::kStabilityMatrix, text);
#elif defined(FUZZ_SWARM)
  feed_sidecar(SidecarKind::kSwarm, text);
#elif defined(FUZZ_TEXT_SIDECAR)
  feed_sidecar(SidecarKind::kDescriptionText, text);
#elif defined(FUZZ_METADATA)
  check(card_of_metadata({{"ss_tag_frequency", std::string(text)},
                          {"modelspec.description", std::string(text)},
                          {"modelspec.tags", std::string(text)}}));
#elif defined(FUZZ_HTML)
  if (html_to_text(text).size() > text.size() + 1) {
    std::abort();
  }
#elif defined(FUZZ_WEIGHT_TEXT)
  (void)weight_from_text(text);
  (void)weights_in_prompts({std::string(text)}, {"a"});
#elif defined(FUZZ_TEXT_QUERY)
  static const Catalog catalog(":memory:", OpenMode::kReadWrite);
  (void)search_text(catalog, text, 10);
#else
#error "name the parser to feed"
#endif
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    feed({reinterpret_cast<const char*>(data), size});
  } catch (const stylus::Error& error) {
    const bool expected = error.code() == stylus::ErrorCode::kCorruptData ||
                          error.code() == stylus::ErrorCode::kUnsupported;
    if (!expected) {
      std::abort();
    }
  }
  return 0;
}
