#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace stylus::evaluator {

/// Typed access to a run file's object: a member of another type or out of range is an Error that
/// names it, and every member must have been asked for by the end.
class JsonFields {
 public:
  /// `where` names the object in messages. Error(kCorruptData) where it is none. Kept by reference.
  JsonFields(const nlohmann::json& object, std::string where);

  /// The member, or `fallback` where it is absent or null. Error(kCorruptData) for another type,
  /// Error(kInvalidArgument) out of range.
  [[nodiscard]] std::string text(const char* key, std::string fallback);
  [[nodiscard]] double number(const char* key, double fallback, double least, double most);
  [[nodiscard]] std::int64_t count(const char* key, std::int64_t fallback, std::int64_t least,
                                   std::int64_t most);
  [[nodiscard]] bool flag(const char* key, bool fallback);
  /// Null where it is absent or null.
  [[nodiscard]] const nlohmann::json* find(const char* key);

  /// Error(kInvalidArgument) for a member that nobody asked for: a misspelt key would silently
  /// change what is measured.
  void refuse_unknown() const;

 private:
  void check(bool good, const char* key, const char* wanted) const;

  const nlohmann::json& object_;
  std::string where_;
  std::set<std::string> asked_;
};

}  // namespace stylus::evaluator
