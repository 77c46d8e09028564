#include "retriever/retriever.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include "retriever/code_book.h"
#include "retriever/index_builder.h"
#include "retriever/index_folder.h"
#include "retriever/search_index.h"
#include "support/error.h"

namespace stylus::retriever {
namespace {

/// A tail larger than this share of the index, or than this many adapters, is not worth keeping:
/// it is tokenised at every start. Small ones always are.
constexpr std::size_t kTailShare = 5;
constexpr std::size_t kTailMost = 4096;
constexpr std::size_t kTailAlways = 64;

void read_catalog(const catalog::Catalog& catalog, const std::string& encoder,
                  std::int64_t since_revision, IndexBuilder& builder) {
  catalog.for_each_document(since_revision,
                            [&](const catalog::Document& document) { builder.add(document); });
  for (std::size_t f = 0; f < kVectorFields && !encoder.empty(); ++f) {
    catalog.for_each_vector(encoder, kVectorFieldNames[f], since_revision,
                            [&](catalog::AdapterRow row, std::span<const float> vector) {
                              builder.set_vector(f, row, vector);
                            });
  }
}

/// Whether the catalogue has vectors that the index lacks: storing vectors changes no revision, so
/// an index that was built before the encoder had finished looks up to date. Asked only of an
/// index that lacks some.
bool has_new_vectors(const catalog::Catalog& catalog, const IndexView& index,
                     const std::string& encoder) {
  if (encoder.empty() || index.header().vectors == index.header().documents) {
    return false;
  }
  return catalog.vector_hashes(encoder, kVectorFieldNames.back()).size() > index.header().vectors;
}

/// The newest index in the folder that can serve the catalogue as it is, if there is one.
std::optional<IndexView> open_index(const catalog::Catalog& catalog,
                                    const std::filesystem::path& folder,
                                    const std::string& encoder) {
  const std::int64_t revision = catalog.revision();
  for (const IndexFile& file : index_files(folder, encoder)) {
    if (file.revision > revision) {
      continue;  // of another catalogue that stood here before
    }
    try {
      IndexView view(file.path);
      const auto documents = static_cast<std::int64_t>(view.header().documents);
      const bool fits =
          view.header().revision == file.revision && view.slot_is_row() &&
          (file.revision == revision ? documents == catalog.size() : documents <= catalog.size());
      if (fits && view.encoder() == encoder.substr(0, view.header().encoder.size() - 1) &&
          !has_new_vectors(catalog, view, encoder)) {
        return view;
      }
    } catch (const Error&) {
      // Truncated, damaged or of another version: the index is derived, so build it again.
    }
  }
  return std::nullopt;
}

/// What changed since the index was written, or nothing if that is too much to keep in memory.
std::optional<IndexView> build_tail(const catalog::Catalog& catalog, const IndexView& base,
                                    const std::string& encoder) {
  IndexOptions options;
  options.encoder = encoder;
  options.revision = catalog.revision();
  options.by_row = false;
  CodeBook book;
  if (base.has_codes()) {
    book.dim = base.dim();
    book.mix = base.header().mix;
    book.rotation.assign(base.rotation().begin(), base.rotation().end());
    options.code_book = &book;
  } else {
    options.codes_from = std::numeric_limits<std::size_t>::max();
  }
  IndexBuilder builder(options);
  read_catalog(catalog, encoder, base.header().revision, builder);
  const std::size_t share = base.header().documents / kTailShare;
  if (builder.documents() > std::max(kTailAlways, std::min(share, kTailMost))) {
    return std::nullopt;
  }
  std::ostringstream bytes;
  builder.write(bytes);
  return IndexView(std::move(bytes).str());
}

}  // namespace

struct Retriever::Impl {
  SearchIndex index;
  std::int64_t revision = 0;
};

Retriever::Retriever(const catalog::Catalog& catalog, const std::filesystem::path& index_folder,
                     std::string_view encoder_id) {
  const std::string encoder(encoder_id);
  std::optional<IndexView> base = open_index(catalog, index_folder, encoder);
  std::optional<IndexView> tail;
  if (base && base->header().revision != catalog.revision()) {
    tail = build_tail(catalog, *base, encoder);
    if (!tail) {
      base.reset();
    }
  }
  if (!base) {
    build(catalog, index_folder, encoder);
    base.emplace(index_path(index_folder, encoder, catalog.revision()));
  }
  impl_ = std::make_unique<Impl>(
      Impl{SearchIndex(std::move(*base), std::move(tail)), catalog.revision()});
}

Retriever::Retriever(Retriever&&) noexcept = default;
Retriever& Retriever::operator=(Retriever&&) noexcept = default;
Retriever::~Retriever() = default;

void Retriever::build(const catalog::Catalog& catalog, const std::filesystem::path& index_folder,
                      std::string_view encoder_id) {
  IndexOptions options;
  options.encoder = std::string(encoder_id);
  options.revision = catalog.revision();
  IndexBuilder builder(options);
  read_catalog(catalog, options.encoder, 0, builder);
  const std::filesystem::path path = index_path(index_folder, encoder_id, options.revision);
  write_file_atomically(path, [&](std::ostream& out) { builder.write(out); });
  for (const IndexFile& old : index_files(index_folder, encoder_id)) {
    if (old.path.filename() != path.filename()) {
      std::error_code error;  // another process may have removed it first
      std::filesystem::remove(old.path, error);
    }
  }
}

std::vector<Ranking> Retriever::rank(std::span<const Query> queries, RowsView vectors,
                                     const catalog::AdapterSet& allowed,
                                     const RankOptions& options) const {
  return impl_->index.rank(queries, vectors, allowed, options);
}

std::vector<NamedAdapter> Retriever::named_in(std::string_view text,
                                              const catalog::AdapterSet& among) const {
  return impl_->index.named_in(text, among);
}

std::int64_t Retriever::trigger_frequency(std::string_view phrase) const {
  return impl_->index.trigger_frequency(phrase);
}

std::int64_t Retriever::revision() const { return impl_->revision; }

std::size_t Retriever::size() const {
  return static_cast<std::size_t>(impl_->index.corpus().adapters());
}

bool Retriever::has_vectors() const { return impl_->index.corpus().dim() > 0; }

}  // namespace stylus::retriever
