#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "support/rows.h"

namespace stylus::encoder {

using TokenIds = std::vector<std::int32_t>;

/// A run of neighbouring texts that go through the network together.
struct Batch {
  std::span<const TokenIds> texts;  ///< none of them empty
  std::size_t tokens = 0;           ///< of all texts
};

/// How both encoders work through many texts on all cores: tokenize each text, join neighbours to
/// batches of some hundred tokens, run each batch, put the vectors where they belong. Texts without
/// tokens get rows of zeros.
///
/// Shapes:   returns [N, dim] for N texts; `run` returns one row a text of its batch.
/// Requires: both functions may be called from several threads at once; a text's row must not
///           depend on its batch, because how texts are joined depends on the machine.
[[nodiscard]] Rows encode_in_batches(std::span<const std::string> texts, std::size_t dim,
                                     const std::function<TokenIds(const std::string&)>& tokenize,
                                     const std::function<Rows(const Batch&)>& run);

}  // namespace stylus::encoder
