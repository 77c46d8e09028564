#include "catalog/refinement.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "catalog/entry.h"
#include "catalog/impl.h"
#include "catalog/refined.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

constexpr char kGroupSeparator = '\x1e';

constexpr std::string_view kColumns =
    "SELECT author, input, language, summary, shows, usage, categories, triggers, prompt_words, "
    "weight, weight_low, weight_high, weight_evidence FROM refinement ";

Refinement from_columns(const Statement& stored) {
  Refinement refinement;
  refinement.author = stored.text(0);
  refinement.input = stored.text(1);
  refinement.language = stored.text(2);
  refinement.summary = stored.text(3);
  refinement.shows = stored.text(4);
  refinement.usage = stored.text(5);
  refinement.categories = unpack_list(stored.text(6));
  refinement.triggers = unpack_groups(stored.text(7));
  refinement.prompt_words = unpack_list(stored.text(8));
  if (!stored.is_null(9)) {
    refinement.weight = stored.real(9);
  }
  refinement.weight_low = stored.real(10);
  refinement.weight_high = stored.real(11);
  refinement.weight_evidence = stored.text(12);
  return refinement;
}

std::optional<Refinement> read_refinement(Database& database, AdapterRow row, Refiner refiner) {
  Database::Query query = database.query(std::string(kColumns) + "WHERE row = ?1 AND refiner = ?2");
  query->bind(row, static_cast<std::int64_t>(refiner));
  return query->step() ? std::optional(from_columns(*query.operator->())) : std::nullopt;
}

void write_refinement(Database& database, AdapterRow row, Refiner refiner, std::int64_t revision,
                      const Refinement& r) {
  const std::string categories = pack_list(r.categories);
  const std::string triggers = pack_groups(r.triggers);
  const std::string words = pack_list(r.prompt_words);
  database.run(
      "INSERT OR REPLACE INTO refinement (row, refiner, revision, author, input, language, "
      "summary, shows, usage, categories, triggers, prompt_words, weight, weight_low, weight_high, "
      "weight_evidence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
      "?16)",
      row, static_cast<std::int64_t>(refiner), revision, r.author, r.input, r.language, r.summary,
      r.shows, r.usage, categories, triggers, words, r.weight, r.weight_low, r.weight_high,
      r.weight_evidence);
}

void write_phrases(Database& database, AdapterRow row, const std::vector<TriggerGroup>& groups) {
  database.run("DELETE FROM trigger_phrase WHERE row = ?1", row);
  for (const TriggerGroup& group : groups) {
    for (const std::string& phrase : group.phrases) {
      database.run("INSERT OR IGNORE INTO trigger_phrase (phrase, row) VALUES (?1, ?2)",
                   to_lower(phrase), row);
    }
  }
}

/// What changed of an adapter reaches its indexes by its revision.
std::int64_t next_revision_of(Database& database, AdapterRow row) {
  database.run("UPDATE meta SET value = value + 1 WHERE key = 'revision'");
  const std::int64_t revision =
      database.number("SELECT value FROM meta WHERE key = 'revision'").value_or(0);
  database.run("UPDATE adapter SET revision = ?2 WHERE row = ?1", row, revision);
  // A refiner that was up to date stays so: only what it wrote itself changed.
  database.run("UPDATE refinement SET revision = ?2 WHERE row = ?1", row, revision);
  return revision;
}

std::int64_t revision_of(Database& database, AdapterRow row) {
  const std::optional<std::int64_t> revision =
      database.number("SELECT revision FROM adapter WHERE row = ?1", row);
  require(revision.has_value(), ErrorCode::kNotFound, "there is no adapter in row ", row);
  return revision.value_or(0);
}

void store_rule(Database& database, AdapterRow row, const Refinement& refinement) {
  const std::int64_t revision = revision_of(database, row);
  const std::optional<Refinement> old = read_refinement(database, row, Refiner::kRules);
  if (old && *old == refinement) {
    database.run("UPDATE refinement SET revision = ?2 WHERE row = ?1", row, revision);
    return;
  }
  const std::optional<Refinement> by_model = read_refinement(database, row, Refiner::kModel);
  const bool falls = by_model && by_model->input != refinement.input;
  if (falls) {
    database.run("DELETE FROM refinement WHERE row = ?1 AND refiner = 1", row);
  }
  write_refinement(database, row, Refiner::kRules, next_revision_of(database, row), refinement);
  if (!by_model || falls) {
    write_phrases(database, row, refinement.triggers);
  }
}

}  // namespace

std::string pack_groups(const std::vector<TriggerGroup>& groups) {
  std::vector<std::string> packed;
  packed.reserve(groups.size());
  for (const TriggerGroup& group : groups) {
    // The label comes first and is never empty, as lists drop empty items.
    std::vector<std::string> items = {group.label.empty() ? "-" : group.label};
    items.insert(items.end(), group.phrases.begin(), group.phrases.end());
    packed.push_back(pack_list(items));
  }
  return join(packed, std::string_view(&kGroupSeparator, 1));
}

std::vector<TriggerGroup> unpack_groups(std::string_view packed) {
  std::vector<TriggerGroup> groups;
  for (const std::string& piece : split_list(packed, kGroupSeparator)) {
    std::vector<std::string> items = unpack_list(piece);
    TriggerGroup group;
    group.label = items.front() == "-" ? "" : items.front();
    group.phrases.assign(items.begin() + 1, items.end());
    if (!group.phrases.empty()) {
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

std::optional<Refinement> standing_refinement(Database& database, AdapterRow row) {
  Database::Query query =
      database.query(std::string(kColumns) + "WHERE row = ?1 ORDER BY refiner DESC LIMIT 1");
  query->bind(row);
  return query->step() ? std::optional(from_columns(*query.operator->())) : std::nullopt;
}

void for_each_prompts(const Catalog& catalog,
                      const std::function<void(const std::vector<std::string>& triggers,
                                               const std::vector<std::string>& prompts)>& visit) {
  Database::Query query = catalog.impl().database.query(
      "SELECT a.triggers, p.prompts FROM adapter a LEFT JOIN prompts p ON p.row = a.row "
      "ORDER BY a.row");
  while (query->step()) {
    visit(unpack_list(query->text(0)), unpack_list(query->text(1)));
  }
}

std::optional<Refinement> refinement_of(const Catalog& catalog, AdapterRow row) {
  return standing_refinement(catalog.impl().database, row);
}

std::optional<Refinement> rules_refinement_of(const Catalog& catalog, AdapterRow row) {
  return read_refinement(catalog.impl().database, row, Refiner::kRules);
}

std::vector<AdapterRow> changed_since_refined(const Catalog& catalog, Refiner refiner,
                                              std::string_view author) {
  std::vector<AdapterRow> rows;
  Database::Query query = catalog.impl().database.query(
      "SELECT a.row FROM adapter a LEFT JOIN refinement r ON r.row = a.row AND r.refiner = ?1 "
      "WHERE r.row IS NULL OR r.revision <> a.revision OR r.author <> ?2 ORDER BY a.row");
  query->bind(static_cast<std::int64_t>(refiner), author);
  while (query->step()) {
    rows.push_back(query->integer(0));
  }
  return rows;
}

void store_rules(Catalog& catalog, std::span<const RefinedRow> refined) {
  Database& database = catalog.impl().database;
  Transaction transaction(database);
  for (const auto& [row, refinement] : refined) {
    store_rule(database, row, refinement);
  }
  transaction.commit();
}

void store_reply(Catalog& catalog, const ModelReply& reply,
                 const std::optional<Refinement>& accepted) {
  Database& database = catalog.impl().database;
  Transaction transaction(database);
  (void)revision_of(database, reply.row);
  database.run(
      "INSERT INTO model_reply (row, model, prompt_version, input, outcome, text, requests, "
      "input_tokens, output_tokens, pictures) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      reply.row, reply.model, reply.prompt_version, reply.input, reply.outcome, reply.text,
      reply.requests, reply.input_tokens, reply.output_tokens, reply.pictures);
  if (accepted) {
    const std::int64_t revision = next_revision_of(database, reply.row);
    write_refinement(database, reply.row, Refiner::kModel, revision, *accepted);
    write_phrases(database, reply.row, accepted->triggers);
  }
  transaction.commit();
}

std::vector<ModelReply> replies_of(const Catalog& catalog, AdapterRow row) {
  std::vector<ModelReply> replies;
  Database::Query query = catalog.impl().database.query(
      "SELECT row, model, prompt_version, input, outcome, text, requests, input_tokens, "
      "output_tokens, pictures FROM model_reply WHERE row = ?1 ORDER BY number");
  query->bind(row);
  while (query->step()) {
    replies.push_back({query->integer(0), std::string(query->text(1)), std::string(query->text(2)),
                       std::string(query->text(3)), std::string(query->text(4)),
                       std::string(query->text(5)), query->integer(6), query->integer(7),
                       query->integer(8), query->integer(9)});
  }
  return replies;
}

std::vector<AdapterRow> answered_rows(const Catalog& catalog, std::string_view model,
                                      std::string_view prompt_version) {
  std::vector<AdapterRow> rows;
  Database::Query query = catalog.impl().database.query(
      "SELECT DISTINCT m.row FROM model_reply m JOIN refinement r ON r.row = m.row AND "
      "r.refiner = 0 AND r.input = m.input WHERE m.model = ?1 AND m.prompt_version = ?2 "
      "AND m.outcome <> 'error' ORDER BY m.row");
  query->bind(model, prompt_version);
  while (query->step()) {
    rows.push_back(query->integer(0));
  }
  return rows;
}

std::int64_t adapters_with_trigger(const Catalog& catalog, std::string_view phrase) {
  return catalog.impl()
      .database.number("SELECT count(*) FROM trigger_phrase WHERE phrase = ?1", to_lower(phrase))
      .value_or(0);
}

}  // namespace stylus::catalog
