#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stylus::generator {

/// Text cut into the words that CLIP's BPE works on, as transformers 5.23 cuts it: NFC, runs of
/// white space to one blank, lower case (Unicode, per character), then from left to right
///   's 't 're 've 'm 'll 'd  |  letters  |  one number  |  anything else but white space
/// Invalid UTF-8 becomes U+FFFD. Letters and numbers are Unicode's categories L and N, as utf8proc
/// knows them.
[[nodiscard]] std::vector<std::string> clip_words(std::string_view text);

/// Every byte as the character that byte-level vocabularies write for it, UTF-8: the 188 printable
/// bytes stand for themselves (as Latin-1), the others are U+0100 onwards.
[[nodiscard]] const std::vector<std::string>& byte_symbols();

/// The bytes in the order in which CLIP numbers their symbols: the printable ones first.
[[nodiscard]] const std::vector<unsigned char>& byte_order();

}  // namespace stylus::generator
