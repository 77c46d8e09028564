#pragma once

#include <cstdint>
#include <string>

#include "catalog/catalog.h"
#include "encoder/encoder.h"
#include "support/progress.h"

namespace stylus::refiner {

/// The three texts of an adapter that are embedded (quality-recipe section 3).
struct TextForms {
  std::string title;       ///< T
  std::string title_tags;  ///< TT
  std::string summary;     ///< S: first 64 words of title, tags, triggers, description
};

[[nodiscard]] TextForms text_forms(const catalog::Document& document);

struct EmbedReport {
  std::int64_t adapters = 0;  ///< Looked at.
  std::int64_t encoded = 0;   ///< Texts that were encoded and stored.
  std::int64_t reused = 0;    ///< Texts whose vector was already there.
};

/// Encodes the texts of every adapter whose vectors are missing or whose texts changed.
///
/// Stores in batches, so a kill loses at most one batch and the next call goes on.
EmbedReport embed_catalog(catalog::Catalog& catalog, const encoder::TextEncoder& encoder,
                          const ProgressFn& progress);

}  // namespace stylus::refiner
