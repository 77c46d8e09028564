#include "retriever/terms.h"

#include "retriever/words.h"

namespace stylus::retriever {

std::string stem_of(std::string_view word) {
  const bool ascii = !word.empty() && (static_cast<unsigned char>(word.front()) & 0x80U) == 0;
  return ascii ? porter_stem(word) : std::string(word);
}

std::vector<Term> terms_of(std::string_view text) {
  std::vector<Term> terms;
  for_each_word(text, [&](std::string_view word, std::size_t begin, std::size_t end) {
    if (!is_stop_word(word)) {
      terms.push_back({stem_of(word), begin, end});
    }
  });
  return terms;
}

}  // namespace stylus::retriever
