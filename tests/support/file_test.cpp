#include "support/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus {
namespace {

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

TEST(FileTest, WritesAndReadsBack) {
  const TempDir folder;
  const std::string content("a\0b\xFF", 4);

  write_file_atomically(folder / "new/deep/file", content);

  EXPECT_EQ(read_file(folder / "new/deep/file", 4), content);
}

TEST(FileTest, AFailedWriteLeavesTheOldFileAndNoOther) {
  const TempDir folder;
  write_file_atomically(folder / "file", "old");

  EXPECT_THROW(write_file_atomically(folder / "file",
                                     [](std::ostream& out) {
                                       out << "half of the new";
                                       throw std::runtime_error("stopped");
                                     }),
               std::runtime_error);

  EXPECT_EQ(read_file(folder / "file", 100), "old");
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"file"});
}

TEST(FileTest, AReaderNeverSeesAMixture) {
  const TempDir folder;
  const std::string a(200'000, 'a');
  const std::string b(100'000, 'b');
  write_file_atomically(folder / "file", a);

  std::thread writer([&] {
    for (int i = 0; i < 30; ++i) {
      write_file_atomically(folder / "file", i % 2 == 0 ? b : a);
    }
  });
  for (int i = 0; i < 200; ++i) {
    const std::string seen = read_file(folder / "file", 1'000'000);
    EXPECT_TRUE(seen == a || seen == b) << seen.size() << " bytes";
  }
  writer.join();

  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"file"});
}

TEST(FileTest, WhatCannotBeReadIsSaidByKind) {
  const TempDir folder;
  write_file_atomically(folder / "file", "12345");

  EXPECT_EQ(error_code_of([&] { return read_file(folder / "none", 10); }), ErrorCode::kNotFound);
  EXPECT_EQ(error_code_of([&] { return read_file(folder / "file", 4); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] { return read_file(folder.path(), 10); }), ErrorCode::kIo);
  EXPECT_EQ(error_code_of([&] { return MappedFile(folder / "none"); }), ErrorCode::kNotFound);
  EXPECT_EQ(error_code_of([&] { return MappedFile(folder.path()); }), ErrorCode::kIo);
  EXPECT_THAT(error_message_of([&] { return read_file(folder / "none", 10); }),
              testing::HasSubstr("none"));
}

TEST(FileTest, MapsAFileAndMovesTheMapping) {
  const TempDir folder;
  write_file_atomically(folder / "file", "abc");
  write_file_atomically(folder / "empty", "");

  MappedFile first(folder / "file");
  MappedFile second = std::move(first);

  ASSERT_EQ(second.size(), 3U);
  EXPECT_EQ(second.bytes()[2], std::byte{'c'});
  second = MappedFile(folder / "empty");
  EXPECT_TRUE(second.bytes().empty());
}

}  // namespace
}  // namespace stylus
