#include "catalog/entry.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "catalog/cjk.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

constexpr char kListSeparator = '\x1F';
constexpr std::string_view kSelect =
    "SELECT a.id, a.name, a.kind, a.bases, a.triggers, a.categories, a.rating, a.real_person, "
    "a.licence_name, a.commercial, a.credit_required, a.derivatives, a.different_licence, "
    "a.hashes, a.file_names, a.sha256, a.autov3, a.file_name, a.weight, a.weight_source, "
    "a.weight_count, a.weight_evidence, a.frobenius_norm, a.rank, a.tensor_bases, a.downloads, "
    "a.source, a.origin, a.flags, d.tags, d.description, p.prompts, v.notes, o.row, o.favourite, "
    "o.blocked, o.weight, o.triggers, o.rating, o.notes FROM adapter a JOIN document d USING (row) "
    "LEFT JOIN prompts p USING (row) LEFT JOIN version_notes v USING (row) "
    "LEFT JOIN overlay o USING (row) WHERE a.row = ?1";

std::optional<bool> optional_flag(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.integer(column) != 0);
}

Overlay overlay_from(const Statement& row, int first) {
  Overlay overlay;
  if (row.is_null(first)) {
    return overlay;
  }
  overlay.favourite = row.integer(first + 1) != 0;
  overlay.blocked = row.integer(first + 2) != 0;
  if (!row.is_null(first + 3)) {
    overlay.weight = row.real(first + 3);
  }
  if (!row.is_null(first + 4)) {
    overlay.triggers = unpack_list(row.text(first + 4));
  }
  if (!row.is_null(first + 5)) {
    overlay.rating = static_cast<Rating>(std::clamp<std::int64_t>(row.integer(first + 5), 0, 2));
  }
  overlay.notes = row.text(first + 6);
  return overlay;
}

const std::vector<std::string>& effective_triggers(const Entry& entry) {
  return entry.overlay.triggers ? *entry.overlay.triggers : entry.card.triggers;
}

std::set<std::string> lower_tags(const Entry& entry) {
  std::set<std::string> tags;
  for (const std::string& tag : entry.card.tags) {
    tags.insert(to_lower(tag));
  }
  return tags;
}

std::set<std::string> stems(const Entry& entry) {
  std::set<std::string> stems;
  const auto add = [&](const std::string& name) {
    const std::string stem = std::filesystem::path(name).stem().string();
    if (!stem.empty()) {
      stems.insert(to_lower(stem));
    }
  };
  add(entry.facts.file_name);
  std::for_each(entry.card.file_names.begin(), entry.card.file_names.end(), add);
  return stems;
}

std::set<std::string> known_hashes(const Entry& entry) {
  std::set<std::string> hashes(entry.card.hashes.begin(), entry.card.hashes.end());
  if (!entry.facts.sha256.empty()) {
    hashes.insert(entry.facts.sha256);
  }
  return hashes;
}

/// The texts that the lexical index holds; stored beside it because FTS5 needs the old texts to
/// forget them.
struct Texts {
  std::string name, tags, triggers, description, cjk;
  [[nodiscard]] bool operator==(const Texts&) const = default;
};

Texts texts_of(const Entry& entry) {
  Texts texts{entry.card.name, pack_list(entry.card.tags), pack_list(effective_triggers(entry)),
              entry.card.description, ""};
  texts.cjk = cjk_bigrams({texts.name, texts.tags, texts.triggers, texts.description});
  return texts;
}

void write_texts(Database& database, AdapterRow row, const Texts* before, const Texts& after) {
  if (before != nullptr) {
    if (*before == after) {
      return;
    }
    database.run(
        "INSERT INTO document_index (document_index, rowid, name, tags, triggers, description, "
        "cjk) VALUES ('delete', ?1, ?2, ?3, ?4, ?5, ?6)",
        row, before->name, before->tags, before->triggers, before->description, before->cjk);
  }
  database.run(
      "INSERT OR REPLACE INTO document (row, name, tags, triggers, description, cjk) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      row, after.name, after.tags, after.triggers, after.description, after.cjk);
  database.run(
      "INSERT INTO document_index (rowid, name, tags, triggers, description, cjk) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      row, after.name, after.tags, after.triggers, after.description, after.cjk);
}

void write_set(Database& database, AdapterRow row, const std::set<std::string>& before,
               const std::set<std::string>& after, std::string_view insert,
               std::string_view remove) {
  for (const std::string& item : before) {
    if (after.count(item) == 0) {
      database.run(remove, item, row);
    }
  }
  for (const std::string& item : after) {
    if (before.count(item) == 0) {
      database.run(insert, item, row);
    }
  }
}

/// A list in a table of its own, which holds no row where the list is empty.
void write_list(Database& database, AdapterRow row, const std::vector<std::string>& before,
                const std::vector<std::string>& after, std::string_view put,
                std::string_view remove) {
  if (before == after) {
    return;
  }
  if (after.empty()) {
    database.run(remove, row);
  } else {
    database.run(put, row, pack_list(after));
  }
}

void write_facets(Database& database, AdapterRow row, const Entry& entry, std::string_view sql) {
  const std::int64_t flags = flags_of(entry);
  database.run(sql, "", flags, row);
  for (const std::string& base : effective_bases(entry)) {
    database.run(sql, base, flags, row);
  }
}

void write_adapter(Database& database, AdapterRow row, std::int64_t revision, const Entry& entry) {
  const Card& card = entry.card;
  const FileFacts& facts = entry.facts;
  std::optional<std::int64_t> rating;
  if (card.rating) {
    rating = static_cast<std::int64_t>(*card.rating);
  }
  // The list columns must live until the statement has run.
  const std::array lists = {pack_list(card.bases),       pack_list(card.triggers),
                            pack_list(entry.categories), pack_list(card.hashes),
                            pack_list(card.file_names),  pack_list(facts.tensor_bases)};
  database.run(
      "INSERT INTO adapter (row, id, revision, name, kind, flags, bases, triggers, categories, "
      "rating, real_person, licence_name, commercial, credit_required, derivatives, "
      "different_licence, hashes, file_names, sha256, autov3, file_name, weight, weight_source, "
      "weight_count, weight_evidence, frobenius_norm, rank, tensor_bases, downloads, source, "
      "origin) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
      "?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31) "
      "ON CONFLICT (row) DO UPDATE SET revision = ?3, name = ?4, kind = ?5, flags = ?6, "
      "bases = ?7, triggers = ?8, categories = ?9, rating = ?10, real_person = ?11, "
      "licence_name = ?12, commercial = ?13, credit_required = ?14, derivatives = ?15, "
      "different_licence = ?16, hashes = ?17, file_names = ?18, sha256 = ?19, autov3 = ?20, "
      "file_name = ?21, weight = ?22, weight_source = ?23, weight_count = ?24, "
      "weight_evidence = ?25, frobenius_norm = ?26, rank = ?27, tensor_bases = ?28, "
      "downloads = ?29, source = ?30, origin = ?31",
      row, entry.id, revision, card.name, card.kind, flags_of(entry), lists[0], lists[1], lists[2],
      rating, card.real_person, card.licence.name, card.licence.commercial,
      card.licence.credit_required, card.licence.derivatives, card.licence.different_licence,
      lists[3], lists[4], facts.sha256, facts.autov3, facts.file_name, card.advice.weight,
      static_cast<std::int64_t>(card.advice.source), card.advice.count, card.advice.evidence,
      facts.frobenius_norm, facts.rank, lists[5], card.downloads, card.source, card.id);
}

void write_overlay(Database& database, AdapterRow row, const Overlay& overlay) {
  if (overlay == Overlay{}) {
    database.run("DELETE FROM overlay WHERE row = ?1", row);
    return;
  }
  std::optional<std::string> triggers;
  if (overlay.triggers) {
    triggers = pack_list(*overlay.triggers);
  }
  std::optional<std::int64_t> rating;
  if (overlay.rating) {
    rating = static_cast<std::int64_t>(*overlay.rating);
  }
  database.run(
      "INSERT OR REPLACE INTO overlay (row, favourite, blocked, weight, triggers, rating, notes) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      row, overlay.favourite, overlay.blocked, overlay.weight, triggers, rating, overlay.notes);
}

std::int64_t next_revision(Database& database) {
  database.run("UPDATE meta SET value = value + 1 WHERE key = 'revision'");
  return database.number("SELECT value FROM meta WHERE key = 'revision'").value_or(0);
}

/// Writes `after`; `before` is null for a new row.
void write_entry(Database& database, AdapterRow row, const Entry* before, const Entry& after) {
  static const Entry kNothing;
  const Entry& old = before != nullptr ? *before : kNothing;
  if (before != nullptr) {
    write_facets(database, row, old,
                 "DELETE FROM facet WHERE base = ?1 AND flags = ?2 AND row = ?3");
  }
  write_adapter(database, row, next_revision(database), after);
  write_facets(database, row, after,
               "INSERT OR IGNORE INTO facet (base, flags, row) VALUES (?1, ?2, ?3)");
  if (before != nullptr) {
    const Texts texts = texts_of(old);
    write_texts(database, row, &texts, texts_of(after));
  } else {
    write_texts(database, row, nullptr, texts_of(after));
  }
  write_set(database, row, lower_tags(old), lower_tags(after),
            "INSERT INTO tag (tag, row) VALUES (?1, ?2)",
            "DELETE FROM tag WHERE tag = ?1 AND row = ?2");
  write_set(database, row, stems(old), stems(after), "INSERT INTO stem (stem, row) VALUES (?1, ?2)",
            "DELETE FROM stem WHERE stem = ?1 AND row = ?2");
  write_set(database, row, known_hashes(old), known_hashes(after),
            "INSERT INTO known_hash (sha256, row) VALUES (?1, ?2)",
            "DELETE FROM known_hash WHERE sha256 = ?1 AND row = ?2");
  write_list(database, row, old.card.example_prompts, after.card.example_prompts,
             "INSERT OR REPLACE INTO prompts (row, prompts) VALUES (?1, ?2)",
             "DELETE FROM prompts WHERE row = ?1");
  write_list(database, row, old.card.version_notes, after.card.version_notes,
             "INSERT OR REPLACE INTO version_notes (row, notes) VALUES (?1, ?2)",
             "DELETE FROM version_notes WHERE row = ?1");
  if (!(old.overlay == after.overlay)) {
    write_overlay(database, row, after.overlay);
  }
}

bool allows_selling_images(const Licence& licence) {
  if (!licence.commercial.empty()) {
    return licence.commercial != "None";
  }
  // Licences that leave no doubt; everything else needs the card's own word.
  static const std::set<std::string, std::less<>> kOpen = {
      "0bsd",         "apache-2.0", "bsd-2-clause", "bsd-3-clause",          "cc-by-4.0",
      "cc-by-sa-4.0", "cc0",        "cc0-1.0",      "creativeml-openrail-m", "mit",
      "openrail",     "openrail++", "unlicense"};
  return kOpen.count(to_lower(licence.name)) != 0;
}

}  // namespace

std::string pack_list(const std::vector<std::string>& items) {
  return join(items, std::string_view(&kListSeparator, 1));
}

std::vector<std::string> unpack_list(std::string_view packed) {
  return split_list(packed, kListSeparator);
}

const std::vector<std::string>& effective_bases(const Entry& entry) {
  return entry.card.bases.empty() ? entry.facts.tensor_bases : entry.card.bases;
}

std::int64_t flags_of(const Entry& entry) {
  const Rating rating = entry.overlay.rating.value_or(entry.card.rating.value_or(Rating::kUnrated));
  std::int64_t flags = static_cast<std::int64_t>(rating);
  for (const std::string& tag : entry.card.tags) {
    const std::string lower = to_lower(tag);
    flags |= lower == "character" ? facet::kCharacter : 0;
    flags |= lower == "celebrity" ? facet::kRealPerson : 0;
  }
  flags |= entry.card.real_person ? facet::kRealPerson : 0;
  flags |= allows_selling_images(entry.card.licence) ? facet::kCommercial : 0;
  flags |= entry.installed ? facet::kInstalled : 0;
  flags |= entry.overlay.blocked ? facet::kBlocked : 0;
  return flags;
}

std::optional<AdapterRow> row_of_id(Database& database, std::string_view id) {
  return database.number("SELECT row FROM adapter WHERE id = ?1", id);
}

Entry read_entry(Database& database, AdapterRow row) {
  Database::Query query = database.query(kSelect);
  query->bind(row);
  require(query->step(), ErrorCode::kNotFound, "there is no adapter in row ", row);
  const Statement& stored = *query.operator->();
  Entry entry;
  Card& card = entry.card;
  entry.id = stored.text(0);
  card.name = stored.text(1);
  card.kind = stored.text(2);
  card.bases = unpack_list(stored.text(3));
  card.triggers = unpack_list(stored.text(4));
  entry.categories = unpack_list(stored.text(5));
  if (!stored.is_null(6)) {
    card.rating = static_cast<Rating>(std::clamp<std::int64_t>(stored.integer(6), 0, 2));
  }
  card.real_person = stored.integer(7) != 0;
  card.licence = {std::string(stored.text(8)), std::string(stored.text(9)),
                  optional_flag(stored, 10), optional_flag(stored, 11), optional_flag(stored, 12)};
  card.hashes = unpack_list(stored.text(13));
  card.file_names = unpack_list(stored.text(14));
  entry.facts = {std::string(stored.text(15)), std::string(stored.text(16)),
                 std::string(stored.text(17)), stored.real(22),
                 stored.integer(23),           unpack_list(stored.text(24))};
  card.advice = {stored.real(18),
                 static_cast<WeightSource>(std::clamp<std::int64_t>(stored.integer(19), 0, 3)),
                 static_cast<int>(stored.integer(20)), std::string(stored.text(21))};
  card.downloads = stored.integer(25);
  card.source = stored.text(26);
  card.id = stored.text(27);
  entry.installed = (stored.integer(28) & facet::kInstalled) != 0;
  card.tags = unpack_list(stored.text(29));
  card.description = stored.text(30);
  card.example_prompts = unpack_list(stored.text(31));
  card.version_notes = unpack_list(stored.text(32));
  entry.overlay = overlay_from(stored, 33);
  return entry;
}

AdapterRow add_entry(Database& database, const Entry& entry) {
  const AdapterRow row = database.number("SELECT max(row) FROM adapter").value_or(0) + 1;
  write_entry(database, row, nullptr, entry);
  return row;
}

void replace_entry(Database& database, AdapterRow row, const Entry& before, const Entry& after) {
  write_entry(database, row, &before, after);
}

}  // namespace stylus::catalog
