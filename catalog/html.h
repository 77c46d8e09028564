#pragma once

#include <string>
#include <string_view>

namespace stylus::catalog {

/// Plain text of an HTML fragment: tags and comments away, block ends and <br> as line feeds,
/// script and style contents dropped, entities decoded. "<lora:name:0.8>" and "a < b" are no tags
/// and stay. Never fails: text without markup comes back as it is, but for blanks.
///
/// Bounded: the result is no longer than the input and the work is linear in it.
[[nodiscard]] std::string html_to_text(std::string_view html);

}  // namespace stylus::catalog
