#pragma once

#include "composer/composer.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is CLI11's
class App;
}

namespace stylus::app {

/// The base of verbs that make plans, until --base says another.
inline constexpr const char* kDefaultBase = "sd15";

/// Adds the flags that say what may be chosen at all: --base, --allow-nsfw, --folder, …
/// `default_base` "" leaves the base open.
void add_filter_options(CLI::App& verb, catalog::Filter& filter, const char* default_base);

/// Adds the filter and everything else that decides which adapters are chosen; seed and number of
/// pictures apart.
void add_choice_options(CLI::App& verb, composer::ComposeOptions& options);

/// Adds the choice, the seed and the number of pictures.
void add_compose_options(CLI::App& verb, composer::ComposeOptions& options);

}  // namespace stylus::app
