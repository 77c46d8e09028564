#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>

#include "app/options.h"

namespace stylus::app {

/// What a typed verb does, with its options bound: ready to run. Returns the exit status.
using Action = std::function<int(const GlobalOptions&)>;

/// Adds the verb `name` under `parent`, with one line on what it does and one example after
/// "stylus ". When it is typed, `chosen` becomes `run`, which owns what the verb's options fill in.
CLI::App& add_verb(CLI::App& parent, const std::string& name, const std::string& about,
                   const std::string& example, Action& chosen, Action run);

/// Adds a verb that does nothing but hold others ("catalog" of "catalog list").
CLI::App& add_verb_group(CLI::App& parent, const std::string& name, const std::string& about,
                         const std::string& example);

/// One of the two must be typed: a single question or a file of them.
void require_either(CLI::App& verb, const CLI::Option* one, const CLI::Option* batch);

}  // namespace stylus::app
