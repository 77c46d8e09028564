#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace stylus::app {

/// What a batch did.
struct BatchReport {
  std::size_t done = 0;
  std::size_t refused = 0;
};

/// Reads a JSON-lines file and writes one answer a line, atomically: the output file appears when
/// all is done. A line that cannot be answered gives {"id":…, "error":{"code","message"}} and
/// stops nothing else. Empty lines are skipped; lines are at most 4 MiB.
///
/// `answer` gets the parsed object and returns the answer's JSON text without "id" in front; the
/// id is copied as it stands. Requires: the input exists, else Error(kNotFound).
BatchReport answer_lines(const std::filesystem::path& input, const std::filesystem::path& output,
                         const std::function<std::string(const nlohmann::json& request)>& answer);

}  // namespace stylus::app
