// Tokens and card texts of any bytes: offsets stay inside the text and in order, stems are found
// again by themselves.
#include <cstdlib>

#include "catalog/card_text.h"
#include "retriever/terms.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stylus;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::size_t before = 0;
  for (const retriever::Term& term : retriever::terms_of(text)) {
    if (term.begin < before || term.begin >= term.end || term.end > size || term.stem.empty()) {
      std::abort();
    }
    before = term.end;
  }
  catalog::Document document;
  document.row = 1;
  document.name = text;
  document.tags = {text};
  document.triggers = {text};
  document.description = text;
  (void)catalog::card_text_of(document);
  return 0;
}
