#include "render/model_hash.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/file.h"
#include "support/json.h"
#include "weights/adapter_file.h"

namespace stylus::render {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxCacheBytes = std::size_t{1} << 20U;

json read_cache(const fs::path& cache) {
  try {
    if (!cache.empty() && fs::exists(cache)) {
      json content = parse_json(read_file(cache, kMaxCacheBytes), cache.string());
      if (content.is_object()) {
        return content;
      }
    }
  } catch (const Error&) {
    // Made anew below.
  }
  return json::object();
}

}  // namespace

std::string model_hash(const fs::path& model, const fs::path& cache) {
  if (!fs::is_regular_file(model)) {
    return {};
  }
  const std::string key = fs::absolute(model).string();
  const auto changed = fs::last_write_time(model).time_since_epoch();
  const json stamp = {fs::file_size(model),
                      std::chrono::duration_cast<std::chrono::seconds>(changed).count()};
  json content = read_cache(cache);
  const auto found = content.find(key);
  if (found != content.end() && found->is_object() && found->value("stamp", json()) == stamp &&
      found->value("autov2", json()).is_string()) {
    return (*found)["autov2"].get<std::string>();
  }
  const std::string hash = weights::hash_adapter_file(model).autov2;
  if (!cache.empty()) {
    content[key] = {{"stamp", stamp}, {"autov2", hash}};
    try {
      // paths need not be UTF-8
      write_file_atomically(cache,
                            content.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
    } catch (const Error&) {
      // The hash is right all the same; it is only computed again next time.
    }
  }
  return hash;
}

}  // namespace stylus::render
