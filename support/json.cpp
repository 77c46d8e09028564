#include "support/json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "support/error.h"
#include "support/text.h"

namespace stylus {
namespace {

/// First pass over the text: depth and duplicate keys. Builds nothing, so a bomb costs no memory.
class Checker : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Checker(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool start_object(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool key(string_t& name) override {
    if (limits_.reject_duplicate_keys && !keys_.back().insert(name).second) {
      problem_ = "the key '" + std::string(truncate_utf8(name, 100)) + "' appears twice";
      return false;
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& cause) override {
    problem_ = "not well-formed JSON at byte " + std::to_string(position) + ": " +
               std::string(truncate_utf8(cause.what(), 300));
    return false;
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  bool enter() {
    if (++depth_ > limits_.max_depth) {
      problem_ = "nested deeper than " + std::to_string(limits_.max_depth) + " levels";
      return false;
    }
    if (limits_.reject_duplicate_keys) {
      keys_.emplace_back();
    }
    return true;
  }
  bool leave() {
    --depth_;
    if (limits_.reject_duplicate_keys) {
      keys_.pop_back();
    }
    return true;
  }

  const JsonLimits& limits_;
  int depth_ = 0;
  std::vector<std::set<std::string>> keys_;
  std::string problem_;
};

}  // namespace

nlohmann::json parse_json(std::string_view text, std::string_view what, const JsonLimits& limits) {
  require(text.size() <= limits.max_bytes, ErrorCode::kCorruptData, what, " is ", text.size(),
          " bytes long, at most ", limits.max_bytes, " are read");
  // The library takes a NUL byte for the end of the text and would ignore what follows it.
  const std::size_t nul = text.find('\0');
  require(nul == std::string_view::npos, ErrorCode::kCorruptData, what,
          ": not well-formed JSON at byte ", nul, ": a NUL byte");
  Checker checker(limits);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &checker)) {
    fail(ErrorCode::kCorruptData, what, ": ", checker.problem());
  }
  return nlohmann::json::parse(text.begin(), text.end());
}

std::string json_string(const nlohmann::json& object, const char* key, std::string_view fallback) {
  if (object.is_object()) {
    const auto found = object.find(key);
    if (found != object.end() && found->is_string()) {
      return found->get<std::string>();
    }
  }
  return std::string(fallback);
}

}  // namespace stylus
