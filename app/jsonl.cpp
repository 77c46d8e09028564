#include "app/jsonl.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "app/status_map.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::app {
namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{4} << 20U;

std::string error_line(const nlohmann::json& id, const Error& error) {
  nlohmann::ordered_json line;
  line["id"] = id;
  line["error"] = {{"code", error_name(error.code())}, {"message", error.what()}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

BatchReport answer_lines(const std::filesystem::path& input, const std::filesystem::path& output,
                         const std::function<std::string(const nlohmann::json&)>& answer) {
  std::ifstream in(input, std::ios::binary);
  require(in.good(), ErrorCode::kNotFound, "cannot open '", input.string(), "'");
  BatchReport report;
  write_file_atomically(output, [&](std::ostream& out) {
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
      if (trim(line).empty()) {
        continue;
      }
      nlohmann::json id = number;
      try {
        JsonLimits limits;
        limits.max_bytes = kMaxLineBytes;
        const nlohmann::json request =
            parse_json(line, input.filename().string() + ":" + std::to_string(number), limits);
        require(request.is_object(), ErrorCode::kCorruptData, input.filename().string(), ":",
                number, ": expected a JSON object");
        if (request.contains("id")) {
          id = request["id"];
        }
        out << answer(request) << '\n';
        ++report.done;
      } catch (const Error& error) {
        if (error.code() == ErrorCode::kCancelled) {
          throw;
        }
        out << error_line(id, error) << '\n';
        ++report.refused;
      }
    }
  });
  return report;
}

}  // namespace stylus::app
