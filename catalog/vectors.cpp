// Stored vectors: one table keyed by (set, row), where a set is an encoder and a field.
#include <array>
#include <bit>
#include <cstring>

#include "catalog/catalog.h"
#include "catalog/impl.h"
#include "support/error.h"
#include "support/half.h"

namespace stylus::catalog {
namespace {

/// key = set * 2^40 + row: neighbours on disk are neighbours in a scan.
constexpr int kRowBits = 40;
constexpr std::int64_t kRowMask = (std::int64_t{1} << kRowBits) - 1;

std::optional<std::int64_t> find_set(Database& database, std::string_view encoder,
                                     std::string_view field) {
  return database.number("SELECT number FROM vector_set WHERE encoder = ?1 AND field = ?2", encoder,
                         field);
}

std::int64_t make_set(Database& database, std::string_view encoder, std::string_view field) {
  database.run("INSERT OR IGNORE INTO vector_set (encoder, field) VALUES (?1, ?2)", encoder, field);
  return find_set(database, encoder, field).value_or(0);
}

/// Little endian on disk, whatever the machine.
void encode(std::span<const float> vector, std::vector<std::byte>& out) {
  out.resize(vector.size() * 2);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const std::uint16_t half = to_half(vector[i]);
    out[2 * i] = static_cast<std::byte>(half & 0xFFU);
    out[2 * i + 1] = static_cast<std::byte>(half >> 8U);
  }
}

void decode(std::span<const std::byte> blob, std::vector<float>& out) {
  out.resize(blob.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto low = std::to_integer<unsigned>(blob[2 * i]);
    const auto high = std::to_integer<unsigned>(blob[2 * i + 1]);
    out[i] = from_half(static_cast<std::uint16_t>(low | (high << 8U)));
  }
}

}  // namespace

void Catalog::store_vectors(std::string_view encoder_id, std::span<const VectorKey> keys,
                            RowsView vectors) {
  require(keys.size() == vectors.rows, ErrorCode::kInvalidArgument, "there are ", keys.size(),
          " keys for ", vectors.rows, " vectors");
  require(!encoder_id.empty(), ErrorCode::kInvalidArgument, "the encoder has no id");
  Database& database = impl_->database;
  const AdapterRow last = max_row();
  Transaction transaction(database);
  std::vector<std::byte> blob;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const VectorKey& key = keys[i];
    require(key.row > 0 && key.row <= last, ErrorCode::kNotFound, "a vector belongs to row ",
            key.row, ", the catalogue ends at row ", last);
    encode(vectors.row(i), blob);
    database.run("INSERT OR REPLACE INTO vector (key, text_hash, value) VALUES (?1, ?2, ?3)",
                 (make_set(database, encoder_id, key.field) << kRowBits) | key.row, key.text_hash,
                 std::span<const std::byte>(blob));
  }
  transaction.commit();
}

void Catalog::for_each_vector(
    std::string_view encoder_id, std::string_view field, std::int64_t since_revision,
    const std::function<void(AdapterRow, std::span<const float>)>& visit) const {
  Database& database = impl_->database;
  const std::optional<std::int64_t> set = find_set(database, encoder_id, field);
  if (!set) {
    return;
  }
  Database::Query query = database.query(
      since_revision <= 0
          ? "SELECT key, value FROM vector WHERE key > ?1 AND key < ?2 ORDER BY key"
          : "SELECT v.key, v.value FROM adapter a JOIN vector v ON v.key = (?1 + a.row) "
            "WHERE v.key < ?2 AND a.revision > ?3 ORDER BY v.key");
  if (since_revision <= 0) {
    query->bind(*set << kRowBits, (*set + 1) << kRowBits);
  } else {
    query->bind(*set << kRowBits, (*set + 1) << kRowBits, since_revision);
  }
  std::vector<float> vector;
  while (query->step()) {
    decode(query->blob(1), vector);
    visit(query->integer(0) & kRowMask, vector);
  }
}

std::vector<std::pair<AdapterRow, std::string>> Catalog::vector_hashes(
    std::string_view encoder_id, std::string_view field) const {
  std::vector<std::pair<AdapterRow, std::string>> hashes;
  const std::optional<std::int64_t> set = find_set(impl_->database, encoder_id, field);
  if (set) {
    Database::Query query = impl_->database.query(
        "SELECT key, text_hash FROM vector WHERE key > ?1 AND key < ?2 ORDER BY key");
    query->bind(*set << kRowBits, (*set + 1) << kRowBits);
    while (query->step()) {
      hashes.emplace_back(query->integer(0) & kRowMask, query->text(1));
    }
  }
  return hashes;
}

}  // namespace stylus::catalog
