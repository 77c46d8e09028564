#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "generator/lora/adapter_weights.h"
#include "support/error.h"

namespace stylus::render {

/// What became of one batch of a series.
struct BatchReport {
  std::size_t pictures = 0;
  double seconds = 0;             ///< From start to end, files included.
  double prepare_seconds = 0;     ///< Of them: reading adapters, putting them on, encoding prompts.
  std::string error_code, error;  ///< Empty when it went well.
};

/// Tells the starting program what happens: one JSON object a line.
/// Format: docs/formats.md#render-events
class Events {
 public:
  explicit Events(std::ostream& out) : out_(out) {}

  void model(const std::string& base, std::int64_t size, std::int64_t factor,
             const std::string& sampler, const std::string& device);
  void step(std::size_t done, std::size_t total);
  void preview(std::size_t image, const std::filesystem::path& file);
  void picture(std::size_t image, std::uint64_t seed, const std::filesystem::path& file);
  void batch(std::size_t number, const BatchReport& report);
  void done(std::size_t pictures, const std::vector<std::string>& warnings,
            const std::vector<generator::AdapterReport>& adapters);
  void error(ErrorCode code, const std::string& message);

 private:
  std::ostream& out_;
};

}  // namespace stylus::render
