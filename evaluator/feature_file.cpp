#include "evaluator/feature_file.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/file.h"
#include "support/half.h"
#include "weights/safetensors_file.h"

namespace stylus::evaluator {
namespace {

Rows rows_of(const weights::SafetensorsFile& file, const char* name, const std::string& what) {
  const weights::Tensor* tensor = file.find(name);
  if (tensor == nullptr) {
    return {};
  }
  const bool is_half = tensor->dtype == weights::DType::kF16;
  require(tensor->shape.size() == 2 && (is_half || tensor->dtype == weights::DType::kF32),
          ErrorCode::kCorruptData, what, ": '", name,
          "' must be a matrix of F32 or F16; remove the file, it is made anew");
  Rows rows(static_cast<std::size_t>(tensor->shape[0]), static_cast<std::size_t>(tensor->shape[1]));
  if (is_half) {
    for (std::size_t i = 0; i < rows.values.size(); ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, tensor->bytes.data() + i * sizeof bits, sizeof bits);
      rows.values[i] = from_half(bits);
    }
  } else {
    std::memcpy(rows.values.data(), tensor->bytes.data(), tensor->bytes.size());
  }
  for (const float value : rows.values) {
    require(std::isfinite(value), ErrorCode::kCorruptData, what, ": '", name,
            "' holds a value that is no number; remove the file and check the model that made it");
  }
  return rows;
}

}  // namespace

void append_rows(Rows& rows, const Rows& more) {
  if (rows.rows == 0) {
    rows = more;
    return;
  }
  require(more.dim == rows.dim || more.rows == 0, ErrorCode::kInvalidArgument, "rows of ", more.dim,
          " numbers cannot be added to rows of ", rows.dim);
  rows.values.insert(rows.values.end(), more.values.begin(), more.values.end());
  rows.rows += more.rows;
}

void write_feature_file(const std::filesystem::path& path, const FeatureFile& file) {
  nlohmann::ordered_json header;
  std::size_t offset = 0;
  std::string body;
  const auto add = [&](const char* name, const Rows& rows) {
    if (rows.rows == 0) {
      return;
    }
    const std::size_t bytes = rows.values.size() * sizeof(float);
    header[name] = {{"dtype", "F32"},
                    {"shape", {rows.rows, rows.dim}},
                    {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
    body.append(reinterpret_cast<const char*>(rows.values.data()), bytes);
  };
  add("pictures", file.pictures);
  add("texts", file.texts);
  std::string text = header.is_null() ? "{}" : header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  std::string whole(reinterpret_cast<const char*>(&length), sizeof length);
  whole += text;
  whole += body;
  write_file_atomically(path, whole);
}

FeatureFile read_feature_file(const std::filesystem::path& path) {
  const weights::SafetensorsFile file(path);
  const std::string what = path.string();
  return {rows_of(file, "pictures", what), rows_of(file, "texts", what)};
}

}  // namespace stylus::evaluator
