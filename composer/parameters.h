#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "composer/keyword_features.h"

namespace stylus::composer {

/// p = 1 / (1 + exp(-(bias + sum of weight (x - mean) / std))).
struct KeywordModel {
  struct Term {
    std::size_t feature = 0;  ///< Place in KeywordFeatures.
    double mean = 0, std = 1, weight = 0;
  };
  double bias = 0;
  std::vector<Term> terms;

  [[nodiscard]] double probability(const KeywordFeatures& features) const;
};

/// How the words of a whole prompt speak for an adapter, see named.h:
///   score s = l + phrase_share p,  confidence = 1 / (1 + exp(-(bias + lexical s + phrase p + lead
///   g)))
struct NamedModel {
  double phrase_share = 0;
  double bias = 0, lexical = 0, phrase = 0, lead = 0;
};

/// What tools/train_composer learned or set: composer/data/parameters.json.
struct Parameters {
  std::size_t candidates = 0;  ///< Looked at per keyword.
  double context_floor = 0;    ///< Smallest value of the feature "context".
  double keyword_threshold = 0, named_threshold = 0;
  NamedModel named;
  std::map<std::string, KeywordModel> keyword_models;  ///< "dense_with_context", "lexical", …
  std::map<std::string, double> typical_norms;         ///< "sd15 lora" -> Frobenius norm

  /// The model for what is at hand.
  [[nodiscard]] const KeywordModel& keyword_model(bool has_vectors, bool with_context) const;
};

/// Requires: version 1 with every field, else Error(kCorruptData or kUnsupported).
[[nodiscard]] Parameters parse_parameters(std::string_view json, std::string_view what);

/// The parameters that are built in. Thread safety: may run from several threads.
[[nodiscard]] const Parameters& parameters();

}  // namespace stylus::composer
