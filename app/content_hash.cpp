#include "app/content_hash.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/log.h"
#include "support/error.h"
#include "support/file.h"
#include "support/hash.h"
#include "support/json.h"

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLargestCache = std::size_t{16} << 20U;
constexpr std::size_t kLargestIndex = std::size_t{1} << 20U;
constexpr std::uintmax_t kWorthKeeping = std::uintmax_t{8} << 20U;  // bytes; less is read at once

std::int64_t time_of(const fs::path& path) {
  return fs::last_write_time(path).time_since_epoch().count();
}

/// Files that a diffusers folder is made of, relative to it, in the order of their names.
std::vector<fs::path> files_of_folder(const fs::path& folder) {
  const fs::path index = folder / "model_index.json";
  std::vector<fs::path> files = {"model_index.json"};
  if (fs::exists(folder / "stylus.json")) {
    files.emplace_back("stylus.json");
  }
  const json parts = parse_json(read_file(index, kLargestIndex), index.string());
  require(parts.is_object(), ErrorCode::kCorruptData, "'", index.string(), "' is no JSON object");
  for (const auto& [name, what] : parts.items()) {
    if (name.find('/') != std::string::npos || !fs::is_directory(folder / name)) {
      continue;
    }
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder / name)) {
      if (entry.is_regular_file()) {
        files.push_back(entry.path().lexically_relative(folder));
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

ContentHashes::ContentHashes(const Locations& locations)
    : cache_(locations.home / "models" / "hashes.json") {
  if (!fs::exists(cache_)) {
    return;
  }
  try {
    const json root = parse_json(read_file(cache_, kLargestCache), cache_.string());
    for (const auto& [path, entry] : root.at("files").items()) {
      known_[path] = {entry.at("size").get<std::uintmax_t>(), entry.at("time").get<std::int64_t>(),
                      entry.at("sha256").get<std::string>()};
    }
  } catch (const std::exception& error) {
    known_.clear();
    log_debug(std::string("hashes are made anew: ") + error.what());
  }
}

std::string ContentHashes::file(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  require(!error, ErrorCode::kNotFound, "'", path.string(), "' cannot be read: ", error.message());
  const std::int64_t time = time_of(path);
  const std::string key = fs::absolute(path).lexically_normal().string();
  const auto known = known_.find(key);
  if (known != known_.end() && known->second.size == size && known->second.time == time) {
    return known->second.sha256;
  }
  const MappedFile content(path);
  Sha256 hash;
  hash.update(content.bytes());
  std::string sha256 = hash.hex();
  if (size >= kWorthKeeping) {
    known_[key] = {size, time, sha256};
    changed_ = true;
  }
  return sha256;
}

std::string ContentHashes::checkpoint(const fs::path& path) {
  if (!fs::is_directory(path)) {
    return file(path);
  }
  std::string list;
  for (const fs::path& part : files_of_folder(path)) {
    list += file(path / part) + "  " + part.generic_string() + "\n";
  }
  return sha256_hex(list);
}

void ContentHashes::save() const {
  if (!changed_) {
    return;
  }
  json files = json::object();
  for (const auto& [path, entry] : known_) {
    files[path] = {{"size", entry.size}, {"time", entry.time}, {"sha256", entry.sha256}};
  }
  try {
    write_file_atomically(cache_, json{{"stylus_hashes", 1}, {"files", std::move(files)}}.dump(
                                      1, ' ', false, json::error_handler_t::replace) +
                                      "\n");
  } catch (const Error& error) {
    log_debug(std::string("hashes are not kept: ") + error.what());
  }
}

}  // namespace stylus::app
