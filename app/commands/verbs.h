#pragma once

#include "app/verb.h"

namespace stylus::app {

// Each adds one verb, or one group, with its options; the files beside this one hold them. When the
// verb is typed, `chosen` becomes what it does.

void add_import_verb(CLI::App& app, Action& chosen);
void add_refine_verb(CLI::App& app, Action& chosen);
void add_search_verb(CLI::App& app, Action& chosen);
void add_plan_verb(CLI::App& app, Action& chosen);
void add_explain_verb(CLI::App& app, Action& chosen);
void add_why_not_verb(CLI::App& app, Action& chosen);
void add_export_verb(CLI::App& app, Action& chosen);
void add_generate_verb(CLI::App& app, Action& chosen);
void add_models_verbs(CLI::App& app, Action& chosen);
void add_evaluate_verb(CLI::App& app, Action& chosen);
void add_doctor_verb(CLI::App& app, Action& chosen);

/// The verb knows all others: call it last.
void add_completion_verb(CLI::App& app, Action& chosen);

// Verbs of `stylus catalog`.
void add_catalog_list_verb(CLI::App& shelf, Action& chosen);
void add_catalog_show_verb(CLI::App& shelf, Action& chosen);
void add_catalog_stats_verb(CLI::App& shelf, Action& chosen);
void add_catalog_duplicates_verb(CLI::App& shelf, Action& chosen);
void add_catalog_lint_verb(CLI::App& shelf, Action& chosen);
void add_catalog_check_verb(CLI::App& shelf, Action& chosen);
void add_catalog_set_verb(CLI::App& shelf, Action& chosen);

}  // namespace stylus::app
