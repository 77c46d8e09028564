#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the name is CLI11's
class App;
}

namespace stylus::app {

/// A completion script for "bash", "zsh" or "fish" that offers the verbs and options of `app`,
/// and file names otherwise.
[[nodiscard]] std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace stylus::app
