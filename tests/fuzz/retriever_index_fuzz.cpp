// The index opener on any bytes. Odd first byte: the rest is the file. Even: the rest is a list of
// changes (three bytes of place, one of value) to a whole index, whose checksum is then put right,
// so that the changes reach the code behind it. Either way it opens or is refused; what opens
// answers every question.
#include <cstring>

#include "retriever/search_index.h"
#include "support/error.h"
#include "tests/retriever/sample_corpus.h"

namespace {

using namespace stylus;
using namespace stylus::retriever;

const SampleCorpus& corpus() {
  static const SampleCorpus made = sample_corpus(12, 8);
  return made;
}

std::string damaged_index(const std::uint8_t* data, std::size_t size) {
  static const std::string whole = [] {
    IndexOptions options;
    options.codes_from = 0;
    return index_bytes(corpus(), options);
  }();
  std::string bytes = whole;
  for (; size >= 4; data += 4, size -= 4) {
    const std::size_t at = data[0] | data[1] << 8U | data[2] << 16U;
    bytes[at % bytes.size()] = static_cast<char>(data[3]);
  }
  IndexHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  header.checksum = hash_bytes(&header, offsetof(IndexHeader, checksum));
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}

void ask_everything(const SearchIndex& index) {
  static const SampleQueries texts = sample_queries(corpus(), 1);
  const std::vector<Query> queries = {{corpus().documents[0].name}};
  const bool fits = index.corpus().dim() == texts.vectors.dim;
  const RowsView view = fits ? texts.vectors.view() : RowsView{};
  RankOptions options;
  options.with_features = true;
  (void)index.rank(queries, view, corpus().all(), options);
  (void)index.named_in(corpus().documents[1].name, corpus().all());
  (void)index.trigger_frequency(corpus().documents[1].name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const bool raw = data[0] % 2 != 0;
  try {
    SearchSettings settings;
    settings.exact_up_to = 4;
    settings.sample = 4;
    settings.candidates = 4;
    IndexView view(raw ? std::string(reinterpret_cast<const char*>(data + 1), size - 1)
                       : damaged_index(data + 1, size - 1));
    ask_everything(SearchIndex(std::move(view), std::nullopt, settings));
  } catch (const Error&) {
    // Refused with a reason.
  }
  return 0;
}
