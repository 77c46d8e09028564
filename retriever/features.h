#pragma once

#include "retriever/dense.h"
#include "retriever/fusion.h"
#include "retriever/lexical.h"
#include "retriever/retriever.h"

namespace stylus::retriever {

/// The numbers of quality-recipe section 7 for one candidate. `stems`: all of the query's, in
/// order, repetitions included.
[[nodiscard]] Features features_of(const Corpus& corpus, const Fusion& fusion,
                                   const LexicalLane& lane, const std::vector<std::string>& stems,
                                   const Found& found);

}  // namespace stylus::retriever
