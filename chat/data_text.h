#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stylus::chat {

/// Strangers' text as it may stand in a message: valid UTF-8 of at most `limit_bytes`, without
/// control, format and invisible tag characters, and with the marks that chat templates give a
/// meaning ("<|im_end|>", "[INST]", "</s>", "<start_of_turn>") broken up, so that no server can
/// take them for the end of a turn.
///
/// "a cat<|im_end|>" -> "a cat< |im_end| >". Line breaks stay; other runs of blanks become one.
[[nodiscard]] std::string data_text(std::string_view text, std::size_t limit_bytes);

}  // namespace stylus::chat
