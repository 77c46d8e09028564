#include "weights/safetensors_header.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_set>

#include "support/error.h"
#include "support/text.h"
#include "weights/shown_name.h"

namespace stylus::weights {
namespace {

constexpr std::size_t kMaxTensors = 1'000'000;
constexpr std::size_t kMaxDimensions = 64;

/// Follows the JSON events and refuses whatever a header may not contain, where it occurs.
class HeaderHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a boolean"); }
  bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override {
    return unexpected("a number that is no 64-bit integer");
  }
  bool binary(binary_t&) override { return unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::kShape) {
      return add_dimension(value);
    }
    if (place_ == Place::kOffsets) {
      return add_offset(value);
    }
    return unexpected("a number");
  }

  bool string(string_t& text) override {
    if (place_ == Place::kMetadata) {
      header_.metadata[key_] = std::move(text);
      return true;
    }
    if (place_ != Place::kEntry || key_ != "dtype") {
      return unexpected("a text");
    }
    const std::optional<DType> dtype = dtype_of_name(text);
    if (!dtype) {
      return fault("invalid tensor: " + shown_name(entry_.name) + " has the unknown dtype " +
                   shown_name(text));
    }
    entry_.dtype = *dtype;
    return true;
  }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::kOutside:
        place_ = Place::kRoot;
        return true;
      case Place::kRoot:
        return enter_entry();
      default:
        return unexpected("an object");
    }
  }

  bool end_object() override {
    if (place_ == Place::kRoot) {
      place_ = Place::kOutside;
      return true;
    }
    const bool is_complete = place_ == Place::kMetadata || finish_entry();
    place_ = Place::kRoot;
    inner_keys_.clear();
    return is_complete;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::kEntry || (key_ != "shape" && key_ != "data_offsets")) {
      return unexpected("a list");
    }
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool end_array() override {
    if (place_ == Place::kOffsets && offsets_ != 2) {
      return fault("invalid offset: " + shown_name(entry_.name) + " has " +
                   std::to_string(offsets_) + " data_offsets, expected 2");
    }
    place_ = Place::kEntry;
    return true;
  }

  bool key(string_t& name) override {
    const bool is_new =
        place_ == Place::kRoot ? names_.insert(name).second : inner_keys_.insert(name).second;
    if (!is_new) {
      return fault("duplicate key: " + shown_name(name) + " appears twice");
    }
    if (place_ == Place::kEntry && name != "dtype" && name != "shape" && name != "data_offsets") {
      return fault("invalid tensor: " + shown_name(entry_.name) + " has the unknown field " +
                   shown_name(name));
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& cause) override {
    return fault("header is not JSON: at byte " + std::to_string(position) + ": " +
                 std::string(truncate_utf8(cause.what(), 300)));
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] ParsedHeader take() { return std::move(header_); }

 private:
  enum class Place { kOutside, kRoot, kMetadata, kEntry, kShape, kOffsets };

  bool fault(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool unexpected(const char* kind) {
    if (place_ == Place::kMetadata) {
      return fault("invalid metadata: the value of " + shown_name(key_) + " is " + kind +
                   ", expected a text");
    }
    return fault("invalid tensor: " + std::string(kind) + " where none may be, at key " +
                 shown_name(key_));
  }

  bool enter_entry() {
    if (key_ == "__metadata__") {
      place_ = Place::kMetadata;
      return true;
    }
    if (header_.entries.size() == kMaxTensors) {
      return fault("invalid tensor: more than " + std::to_string(kMaxTensors) + " tensors");
    }
    entry_ = HeaderEntry{};
    entry_.name = key_;
    offsets_ = 0;
    place_ = Place::kEntry;
    return true;
  }

  bool finish_entry() {
    // Only three fields are allowed, none twice: fewer than three means that one is missing.
    if (inner_keys_.size() != 3) {
      return fault("invalid tensor: " + shown_name(entry_.name) +
                   " lacks dtype, shape or data_offsets");
    }
    header_.entries.push_back(std::move(entry_));
    return true;
  }

  bool add_dimension(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return fault("overflow: a dimension of " + shown_name(entry_.name) + " is " +
                   std::to_string(value));
    }
    if (entry_.shape.size() == kMaxDimensions) {
      return fault("invalid tensor: " + shown_name(entry_.name) + " has more than " +
                   std::to_string(kMaxDimensions) + " dimensions");
    }
    entry_.shape.push_back(static_cast<std::int64_t>(value));
    return true;
  }

  bool add_offset(std::uint64_t value) {
    (offsets_ == 0 ? entry_.begin : entry_.end) = value;
    if (++offsets_ > 2) {
      return fault("invalid offset: " + shown_name(entry_.name) + " has more than 2 data_offsets");
    }
    return true;
  }

  ParsedHeader header_;
  HeaderEntry entry_;
  Place place_ = Place::kOutside;
  int offsets_ = 0;
  std::string key_;
  std::unordered_set<std::string> names_;
  std::set<std::string> inner_keys_;
  std::string problem_;
};

}  // namespace

ParsedHeader parse_safetensors_header(std::string_view json, std::string_view what) {
  HeaderHandler handler;
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &handler)) {
    fail(ErrorCode::kCorruptData, what, ": ", handler.problem());
  }
  return handler.take();
}

}  // namespace stylus::weights
