#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"
#include "catalog/adapter_set.h"
#include "catalog/filter.h"
#include "support/rows.h"

namespace stylus::catalog {

enum class OpenMode {
  kReadOnly,   ///< Error(kNotFound) when there is no catalogue; never migrates.
  kReadWrite,  ///< Creates and migrates.
};

/// Key of a stored vector besides its adapter: another encoder or a changed text never meets an
/// old vector.
struct VectorKey {
  AdapterRow row = 0;
  std::string field;      ///< "title", "title_tags", "summary": the text forms of the recipe.
  std::string text_hash;  ///< First 32 hex digits of the text's SHA-256.
};

/// The adapter shelf: one SQLite file. The only room that knows SQL.
///
/// Thread safety: one thread at a time per object; open several objects for several threads.
/// Errors: Error(kCorruptData) for a file that is not our database or of a newer schema,
///         Error(kUnavailable) when another process holds the write lock too long.
/// Format: docs/formats.md#catalogdb
class Catalog {
 public:
  Catalog(const std::filesystem::path& file, OpenMode mode);
  Catalog(Catalog&&) noexcept;
  Catalog& operator=(Catalog&&) noexcept;
  ~Catalog();

  /// Grows by one with every stored change of an adapter or of its overlay; equal content reached
  /// through an interrupted import has an equal revision.
  [[nodiscard]] std::int64_t revision() const;
  [[nodiscard]] std::int64_t size() const;
  [[nodiscard]] AdapterRow max_row() const;

  [[nodiscard]] Adapter get(AdapterRow row) const;  ///< Error(kNotFound) if there is none.
  [[nodiscard]] std::optional<Adapter> find(std::string_view id) const;
  /// By id, else by unique name, file stem or hash prefix; Error(kNotFound) names close matches,
  /// Error(kInvalidArgument) lists the several that fit.
  [[nodiscard]] Adapter resolve(std::string_view what) const;

  /// Documents whose adapter changed after `since_revision`, in row order (0 = all).
  void for_each_document(std::int64_t since_revision,
                         const std::function<void(const Document&)>& visit) const;

  [[nodiscard]] CompiledFilter compile(const Filter& filter) const;

  /// Vectors: L2-normalised float32 in, stored as float16.
  void store_vectors(std::string_view encoder_id, std::span<const VectorKey> keys,
                     RowsView vectors);
  /// Calls visit(row, vector) for each vector of this encoder and field whose adapter changed
  /// after `since_revision`, in row order.
  void for_each_vector(std::string_view encoder_id, std::string_view field,
                       std::int64_t since_revision,
                       const std::function<void(AdapterRow, std::span<const float>)>& visit) const;
  /// (row, text_hash) of every stored vector of this encoder and field, in row order.
  [[nodiscard]] std::vector<std::pair<AdapterRow, std::string>> vector_hashes(
      std::string_view encoder_id, std::string_view field) const;

  /// The user's overlay. Error(kNotFound) for an unknown row.
  void set_overlay(AdapterRow row, const Overlay& overlay);

  struct Impl;  ///< For the other files of this room.
  [[nodiscard]] Impl& impl() { return *impl_; }
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace stylus::catalog
