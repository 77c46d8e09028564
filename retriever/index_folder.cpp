#include "retriever/index_folder.h"

#include <algorithm>
#include <charconv>

#include "support/hash.h"

namespace stylus::retriever {
namespace {

constexpr std::string_view kSuffix = ".index";

/// "use-multilingual-v3/1" -> "use-multilingual-v3_1-5feceb66-r". The hash keeps ids apart that
/// differ only in characters that a file name cannot hold.
std::string file_prefix(std::string_view encoder_id) {
  std::string name = encoder_id.empty() ? "words" : std::string(encoder_id.substr(0, 40));
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.';
    c = plain ? c : '_';
  }
  return name + "-" + sha256_hex(encoder_id).substr(0, 8) + "-r";
}

}  // namespace

std::filesystem::path index_path(const std::filesystem::path& folder, std::string_view encoder_id,
                                 std::int64_t revision) {
  return folder / (file_prefix(encoder_id) + std::to_string(revision) + std::string(kSuffix));
}

std::vector<IndexFile> index_files(const std::filesystem::path& folder,
                                   std::string_view encoder_id) {
  std::vector<IndexFile> files;
  const std::string prefix = file_prefix(encoder_id);
  std::error_code error;  // a missing or unreadable folder is an empty one
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) {
      continue;
    }
    const char* first = name.data() + prefix.size();
    const char* last = name.data() + name.size() - kSuffix.size();
    std::int64_t revision = 0;
    const auto parsed = std::from_chars(first, last, revision);
    if (parsed.ec == std::errc() && parsed.ptr == last) {
      files.push_back({entry->path(), revision});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const IndexFile& a, const IndexFile& b) { return a.revision > b.revision; });
  return files;
}

}  // namespace stylus::retriever
