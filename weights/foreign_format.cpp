#include "weights/foreign_format.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "support/error.h"
#include "support/text.h"
#include "weights/shown_name.h"

namespace stylus::weights {
namespace {

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Little-endian number at `at`; the caller has checked that it is inside.
template <typename Number>
Number read_number(std::span<const std::byte> file, std::size_t at) {
  Number number;
  std::memcpy(&number, file.data() + at, sizeof number);
  return number;
}

bool begins_with(std::span<const std::byte> file, std::string_view magic) {
  return as_text(file.first(std::min(file.size(), magic.size()))) == magic;
}

/// PyTorch wrote plain pickles before 1.6: protocol byte 0x80, then the version.
bool is_plain_pickle(std::span<const std::byte> file) {
  return file.size() >= 2 && file[0] == std::byte{0x80} && file[1] >= std::byte{2} &&
         file[1] <= std::byte{5};
}

bool is_web_page(std::span<const std::byte> file) {
  constexpr std::size_t kEnough = 64;
  const std::string start = to_lower(trim(as_text(file.first(std::min(file.size(), kEnough)))));
  return start.compare(0, 9, "<!doctype") == 0 || start.compare(0, 5, "<html") == 0;
}

constexpr const char* kHowToConvert =
    "a pickle is a program and is never run here. Convert it where you trust it: python -c "
    "\"import "
    "sys, torch; from safetensors.torch import save_file; save_file({k: v.contiguous() for k, v in "
    "torch.load(sys.argv[1], map_location='cpu', weights_only=True).items()}, sys.argv[2])\" "
    "IN.bin OUT.safetensors";

[[noreturn]] void refuse_zip(std::span<const std::byte> file, std::string_view what) {
  constexpr std::size_t kMembersToRead = 100'000;
  const std::vector<std::string> members = list_zip_members(file, kMembersToRead);
  const auto pickle = std::find_if(members.begin(), members.end(), [](const std::string& name) {
    constexpr std::string_view kData = "data.pkl";
    return name.size() >= kData.size() &&
           name.compare(name.size() - kData.size(), kData.size(), kData) == 0;
  });
  if (pickle != members.end()) {
    fail(ErrorCode::kUnsupported, what, " is a PyTorch pickle (", members.size(),
         " members, among them ", shown_name(*pickle), "): ", kHowToConvert);
  }
  if (members.empty()) {
    fail(ErrorCode::kUnsupported, what,
         " is a zip archive without a readable directory, most likely a damaged PyTorch pickle: ",
         kHowToConvert);
  }
  fail(ErrorCode::kUnsupported, what, " is a zip archive (", members.size(),
       " members, the first is ", shown_name(members.front()),
       "): unpack it and import the .safetensors files inside");
}

/// Where the central directory begins and how many members it says to have.
struct Directory {
  std::uint64_t begin = 0;
  std::uint64_t members = 0;
};

constexpr std::size_t kEndRecord = 22;

/// Finds the end record: at the end of the file, before a comment of up to 64 KiB.
bool find_end_record(std::span<const std::byte> file, std::size_t& at) {
  constexpr std::size_t kLongestComment = 0xFFFF;
  if (file.size() < kEndRecord) {
    return false;
  }
  const std::size_t last = file.size() - kEndRecord;
  const std::size_t first = last > kLongestComment ? last - kLongestComment : 0;
  for (std::size_t i = last + 1; i-- > first;) {
    if (begins_with(file.subspan(i), "PK\x05\x06")) {
      at = i;
      return true;
    }
  }
  return false;
}

Directory read_directory(std::span<const std::byte> file, std::size_t end_record) {
  Directory directory{read_number<std::uint32_t>(file, end_record + 16),
                      read_number<std::uint16_t>(file, end_record + 10)};
  // PyTorch writes the 64-bit form: a locator of 20 bytes before the end record points to it.
  constexpr std::size_t kLocator = 20;
  constexpr std::size_t kEndRecord64 = 56;
  if (end_record < kLocator || !begins_with(file.subspan(end_record - kLocator), "PK\x06\x07")) {
    return directory;
  }
  const auto at = read_number<std::uint64_t>(file, end_record - kLocator + 8);
  if (file.size() >= kEndRecord64 && at <= file.size() - kEndRecord64 &&
      begins_with(file.subspan(static_cast<std::size_t>(at)), "PK\x06\x06")) {
    directory.members = read_number<std::uint64_t>(file, static_cast<std::size_t>(at) + 32);
    directory.begin = read_number<std::uint64_t>(file, static_cast<std::size_t>(at) + 48);
  }
  return directory;
}

}  // namespace

std::vector<std::string> list_zip_members(std::span<const std::byte> file, std::size_t limit) {
  std::vector<std::string> names;
  std::size_t end_record = 0;
  if (!find_end_record(file, end_record)) {
    return names;
  }
  const Directory directory = read_directory(file, end_record);
  constexpr std::size_t kEntry = 46;  // without name, extra field and comment
  std::uint64_t at = directory.begin;
  for (std::uint64_t i = 0; i < directory.members && names.size() < limit; ++i) {
    if (at > file.size() || file.size() - at < kEntry) {
      break;
    }
    const std::span<const std::byte> entry = file.subspan(static_cast<std::size_t>(at));
    const std::size_t name_bytes = read_number<std::uint16_t>(entry, 28);
    if (!begins_with(entry, "PK\x01\x02") || entry.size() - kEntry < name_bytes) {
      break;
    }
    names.push_back(repair_utf8(as_text(entry.subspan(kEntry, name_bytes))));
    at += kEntry + name_bytes + read_number<std::uint16_t>(entry, 30) +
          read_number<std::uint16_t>(entry, 32);
  }
  return names;
}

void refuse_foreign_format(std::span<const std::byte> file, std::string_view what) {
  // The length field of a safetensors file may spell any of the marks below (640 is 80 02).
  if (file.size() > 8 && file[8] == std::byte{'{'} && file[7] == std::byte{0}) {
    return;
  }
  if (begins_with(file, "PK\x03\x04") || begins_with(file, "PK\x05\x06")) {
    refuse_zip(file, what);
  }
  require(!is_plain_pickle(file), ErrorCode::kUnsupported, what,
          " is a Python pickle: ", kHowToConvert);
  require(!begins_with(file, "GGUF"), ErrorCode::kUnsupported, what,
          " is a GGUF model; adapters are read from safetensors files only");
  require(!begins_with(file, "version https://git-lfs"), ErrorCode::kCorruptData, what,
          " is a Git LFS pointer, not the file itself: run 'git lfs pull' in its folder");
  require(!is_web_page(file), ErrorCode::kCorruptData, what,
          " is a web page, not an adapter: the download needed a login or failed; fetch it again");
}

}  // namespace stylus::weights
