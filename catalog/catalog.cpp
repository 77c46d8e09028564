#include "catalog/catalog.h"

#include <algorithm>
#include <cmath>
#include <system_error>

#include "catalog/entry.h"
#include "catalog/impl.h"
#include "catalog/refined.h"
#include "catalog/schema.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Catalog::Impl> open_file(const fs::path& file, OpenMode mode) {
  std::error_code error;
  const bool exists = fs::exists(file, error);
  const bool may_write = mode == OpenMode::kReadWrite;
  require(exists || may_write, ErrorCode::kNotFound, "there is no catalogue at '", file.string(),
          "': run 'stylus import PATH' first");
  if (may_write && file.has_parent_path()) {
    fs::create_directories(file.parent_path(), error);
    require(!error, ErrorCode::kIo, "cannot make the folder '", file.parent_path().string(),
            "': ", error.message());
  }
  const auto access = may_write ? Database::Access::kWrite : Database::Access::kRead;
  auto impl = std::make_unique<Catalog::Impl>(file, access);
  open_schema(impl->database, access);
  return impl;
}

std::vector<Place> read_places(Database& database, AdapterRow row,
                               std::vector<std::string>& previews) {
  std::vector<Place> places;
  Database::Query query = database.query(
      "SELECT path, size_bytes, modified_ns, missing, previews FROM place WHERE row = ?1 "
      "ORDER BY path");
  query->bind(row);
  while (query->step()) {
    places.push_back({std::string(query->text(0)), query->integer(1), query->integer(2),
                      query->integer(3) != 0});
    for (std::string& preview : unpack_list(query->text(4))) {
      previews.push_back(std::move(preview));
    }
  }
  return places;
}

/// The file itself, else a .safetensors name where the card lists several, else the first.
std::string best_file_name(std::string_view own, const std::vector<std::string>& names) {
  if (!own.empty() || names.empty()) {
    return std::string(own);
  }
  const auto safe = std::find_if(names.begin(), names.end(), [](const std::string& name) {
    return fs::path(name).extension() == ".safetensors";
  });
  return safe != names.end() ? *safe : names.front();
}

/// What the refiner found, where the card itself is silent or wordier.
void add_refinement(Refinement refined, Adapter& adapter) {
  adapter.trigger_groups = std::move(refined.triggers);
  adapter.summary = std::move(refined.summary);
  if (!refined.categories.empty()) {
    adapter.categories = std::move(refined.categories);
  }
  if (adapter.advice.source == WeightSource::kDefault && refined.weight) {
    const bool by_rules = refined.author.starts_with("rules/");
    adapter.advice = {*refined.weight, by_rules ? WeightSource::kDefault : WeightSource::kModel, 0,
                      std::move(refined.weight_evidence)};
  }
}

Adapter adapter_of(Database& database, AdapterRow row) {
  Entry entry = read_entry(database, row);
  Adapter adapter;
  adapter.row = row;
  adapter.id = entry.id;
  adapter.bases = effective_bases(entry);
  adapter.file_name = best_file_name(entry.facts.file_name, entry.card.file_names);
  adapter.real_person = (flags_of(entry) & facet::kRealPerson) != 0;
  adapter.sha256 = entry.facts.sha256;
  if (adapter.sha256.empty() && entry.card.hashes.size() == 1) {
    adapter.sha256 = entry.card.hashes.front();
  }
  adapter.autov2 = adapter.sha256.substr(0, 10);
  adapter.autov3 = entry.facts.autov3;
  adapter.frobenius_norm = entry.facts.frobenius_norm;
  adapter.rank = entry.facts.rank;
  Card& card = entry.card;
  adapter.name = std::move(card.name);
  adapter.kind = std::move(card.kind);
  adapter.tags = std::move(card.tags);
  adapter.triggers = std::move(card.triggers);
  adapter.description = std::move(card.description);
  adapter.version_notes = std::move(card.version_notes);
  adapter.categories = std::move(entry.categories);
  adapter.rating = card.rating.value_or(Rating::kUnrated);
  adapter.licence = std::move(card.licence);
  adapter.example_prompts = std::move(card.example_prompts);
  adapter.advice = std::move(card.advice);
  adapter.source = std::move(card.source);
  adapter.overlay = std::move(entry.overlay);
  adapter.places = read_places(database, row, adapter.previews);
  return adapter;
}

}  // namespace

std::vector<std::string> trigger_entries(const Adapter& adapter) {
  if (adapter.overlay.triggers || adapter.trigger_groups.empty()) {
    return effective_triggers(adapter);
  }
  std::vector<std::string> entries;
  entries.reserve(adapter.trigger_groups.size());
  for (const TriggerGroup& group : adapter.trigger_groups) {
    entries.push_back(join(group.phrases, ", "));
  }
  return entries;
}

Catalog::Catalog(const fs::path& file, OpenMode mode) : impl_(open_file(file, mode)) {}
Catalog::Catalog(Catalog&&) noexcept = default;
Catalog& Catalog::operator=(Catalog&&) noexcept = default;
Catalog::~Catalog() = default;

std::int64_t Catalog::revision() const {
  return impl_->database.number("SELECT value FROM meta WHERE key = 'revision'").value_or(0);
}

// Rows are dense and never dropped, so the largest is the number of them.
std::int64_t Catalog::size() const { return max_row(); }

AdapterRow Catalog::max_row() const {
  return impl_->database.number("SELECT max(row) FROM adapter").value_or(0);
}

Adapter Catalog::get(AdapterRow row) const {
  Adapter adapter = adapter_of(impl_->database, row);
  if (std::optional<Refinement> refined = standing_refinement(impl_->database, row)) {
    add_refinement(std::move(*refined), adapter);
  }
  return adapter;
}

Adapter unrefined(const Catalog& catalog, AdapterRow row) {
  return adapter_of(catalog.impl().database, row);
}

std::optional<Adapter> Catalog::find(std::string_view id) const {
  std::optional<AdapterRow> row = row_of_id(impl_->database, id);
  if (!row) {
    row = impl_->database.number("SELECT min(row) FROM adapter WHERE origin = ?1 AND origin <> ''",
                                 id);
  }
  return row ? std::optional(get(*row)) : std::nullopt;
}

void Catalog::for_each_document(std::int64_t since_revision,
                                const std::function<void(const Document&)>& visit) const {
  Database::Query query = impl_->database.query(
      since_revision <= 0
          ? "SELECT d.row, d.name, d.tags, d.triggers, d.description, "
            "CASE r.refiner WHEN 1 THEN r.shows ELSE '' END, r.prompt_words, "
            "a.file_name, a.file_names FROM document d JOIN adapter a ON a.row = d.row "
            "LEFT JOIN refinement r ON r.row = d.row AND r.refiner = "
            "(SELECT max(s.refiner) FROM refinement s WHERE s.row = d.row) ORDER BY d.row"
          : "SELECT d.row, d.name, d.tags, d.triggers, d.description, "
            "CASE r.refiner WHEN 1 THEN r.shows ELSE '' END, r.prompt_words, "
            "a.file_name, a.file_names FROM adapter a JOIN document d ON d.row = a.row "
            "LEFT JOIN refinement r ON r.row = d.row AND r.refiner = "
            "(SELECT max(s.refiner) FROM refinement s WHERE s.row = d.row) "
            "WHERE a.revision > ?1 ORDER BY d.row");
  if (since_revision > 0) {
    query->bind(since_revision);
  }
  while (query->step()) {
    Document document;
    document.row = query->integer(0);
    document.name = query->text(1);
    document.tags = unpack_list(query->text(2));
    document.triggers = unpack_list(query->text(3));
    document.description = query->text(5);
    document.description += document.description.empty() ? "" : "\n";
    document.description += query->text(4);
    document.prompt_words = unpack_list(query->text(6));
    document.file_name = best_file_name(query->text(7), unpack_list(query->text(8)));
    visit(document);
  }
}

void Catalog::set_overlay(AdapterRow row, const Overlay& overlay) {
  require(!overlay.weight || std::fabs(*overlay.weight) <= kMaxOwnWeight,
          ErrorCode::kInvalidArgument, "the weight is ", overlay.weight.value_or(0),
          ", it must lie between ", -kMaxOwnWeight, " and ", kMaxOwnWeight);
  Transaction transaction(impl_->database);
  const Entry before = read_entry(impl_->database, row);
  Entry after = before;
  after.overlay = overlay;
  after.overlay.notes = clean_text(overlay.notes, kMaxDescriptionBytes);
  if (overlay.triggers) {
    after.overlay.triggers->clear();
    for (const std::string& trigger : *overlay.triggers) {
      std::string clean = clean_text(trigger, kMaxItemBytes);
      if (!clean.empty()) {
        after.overlay.triggers->push_back(std::move(clean));
      }
    }
  }
  if (!(after == before)) {
    replace_entry(impl_->database, row, before, after);
  }
  transaction.commit();
}

}  // namespace stylus::catalog
