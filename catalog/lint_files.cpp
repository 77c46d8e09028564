#include "catalog/lint_files.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "catalog/refinement.h"
#include "support/error.h"
#include "weights/adapter_file.h"
#include "weights/update_direction.h"

namespace stylus::catalog {
namespace {

namespace fs = std::filesystem;

constexpr double kSame = 0.9;

struct Direction {
  AdapterRow row = 0;
  std::string id;
  std::string base;
  std::vector<float> numbers;
};

std::string broken(const std::string& path, const std::string& why) {
  std::string message = path;
  message += ": ";
  return message += why;
}

/// What is wrong with the file at a place; "" if nothing is. Fills `numbers` from a readable one.
std::string problem_of(const Place& place, std::vector<float>& numbers) {
  std::error_code error;
  const auto size = fs::file_size(place.path, error);
  if (error) {
    return broken(place.path, "it is gone since the last import; run stylus import again");
  }
  if (static_cast<std::int64_t>(size) != place.size_bytes) {
    return broken(place.path, "it has " + std::to_string(size) + " bytes, " +
                                  std::to_string(place.size_bytes) +
                                  " when it was imported; run stylus import again");
  }
  try {
    (void)weights::read_adapter_file(place.path, weights::NormMode::kSkip);
    numbers = weights::update_direction(place.path);
  } catch (const Error& failure) {
    return broken(place.path, failure.what());
  }
  return "";
}

void compare(const std::vector<Direction>& directions, std::vector<LintFinding>& findings) {
  for (std::size_t i = 1; i < directions.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Direction& later = directions[i];
      const Direction& earlier = directions[j];
      if (later.base != earlier.base) {
        continue;
      }
      const double cosine = weights::direction_cosine(later.numbers, earlier.numbers);
      if (cosine >= kSame) {
        char text[64];
        std::snprintf(text, sizeof text, " (cosine %.2f)", cosine);
        findings.push_back({LintRule::kSameDirection, later.row,
                            "its update points the way of " + earlier.id + "'s" + text});
        break;  // One relative is enough.
      }
    }
  }
}

}  // namespace

std::vector<LintFinding> lint_files(const Catalog& catalog, const ProgressFn& progress) {
  std::vector<LintFinding> findings;
  std::vector<Direction> directions;
  const AdapterRow last = catalog.max_row();
  for (AdapterRow row = 1; row <= last; ++row) {
    if (progress) {
      progress({"reading adapter files", static_cast<std::size_t>(row),
                static_cast<std::size_t>(last), ""});
    }
    const Adapter adapter = unrefined(catalog, row);
    Direction direction{row, adapter.id, adapter.bases.empty() ? "" : adapter.bases.front(), {}};
    for (const Place& place : adapter.places) {
      if (place.missing) {
        continue;
      }
      std::vector<float> numbers;
      if (std::string problem = problem_of(place, numbers); !problem.empty()) {
        findings.push_back({LintRule::kBrokenFile, row, std::move(problem)});
      } else if (direction.numbers.empty()) {
        direction.numbers = std::move(numbers);
      }
    }
    if (!direction.numbers.empty()) {
      directions.push_back(std::move(direction));
    }
  }
  compare(directions, findings);
  return findings;
}

}  // namespace stylus::catalog
