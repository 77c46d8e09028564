#include "weights/safetensors_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/error_code_of.h"
#include "tests/temp_dir.h"
#include "tests/weights/safetensors_builder.h"

namespace stylus::weights {
namespace {

using testing::HasSubstr;

/// The 112 bytes of formats-and-protocols 1.1, made by the reference writer.
std::string reference_vector() {
  return SafetensorsBuilder::file_bytes(
      R"({"__metadata__":{"ss_network_dim":"1"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}    )",
      std::string("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8));
}

TEST(SafetensorsFileTest, ReadsTheReferenceVector) {
  const std::string file = reference_vector();
  ASSERT_EQ(file.size(), 112U);

  const Safetensors content = parse_safetensors(as_bytes(file), "vector");

  ASSERT_EQ(content.tensors.size(), 1U);
  EXPECT_EQ(content.header_bytes, 96U);
  EXPECT_EQ(content.metadata.at("ss_network_dim"), "1");
  const Tensor& tensor = content.tensors.front();
  EXPECT_EQ(tensor.name, "a");
  EXPECT_EQ(tensor.dtype, DType::kF32);
  EXPECT_EQ(tensor.shape, std::vector<std::int64_t>{2});
  std::vector<double> values(2);
  decode(tensor.bytes, tensor.dtype, values);
  EXPECT_EQ(values, (std::vector<double>{1.0, -2.0}));
}

TEST(SafetensorsFileTest, GivesTensorsInTheOrderOfTheirBytes) {
  const std::string file = SafetensorsBuilder()
                               .add_f32("z", {1}, {1})
                               .add_f32("scalar", {}, {2})
                               .add_f32("empty", {0, 5}, {})
                               .add_f32("a", {1, 1}, {3})
                               .bytes();

  const Safetensors content = parse_safetensors(as_bytes(file), "file");

  std::vector<std::string> names;
  for (const Tensor& tensor : content.tensors) {
    names.push_back(tensor.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"z", "scalar", "empty", "a"}));
  EXPECT_EQ(content.tensors[1].element_count(), 1);
  EXPECT_EQ(content.tensors[2].element_count(), 0);
}

TEST(SafetensorsFileTest, MapsAFileAndFindsTensorsByName) {
  const TempDir folder;
  std::ofstream(folder / "x.safetensors", std::ios::binary) << reference_vector();

  const SafetensorsFile file(folder / "x.safetensors");

  ASSERT_NE(file.find("a"), nullptr);
  EXPECT_EQ(file.find("b"), nullptr);
  EXPECT_EQ(file.tensors().size(), 1U);
  EXPECT_EQ(error_code_of([&] { return SafetensorsFile(folder / "no.safetensors"); }),
            ErrorCode::kNotFound);
}

struct Fault {
  std::string name;  ///< what the message must say
  std::string header;
  std::string buffer = {};
};

class SafetensorsFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(SafetensorsFaultTest, IsRefusedByName) {
  const std::string file = SafetensorsBuilder::file_bytes(GetParam().header, GetParam().buffer);
  const auto read = [&] { return parse_safetensors(as_bytes(file), "card.safetensors"); };

  EXPECT_EQ(error_code_of(read), ErrorCode::kCorruptData) << GetParam().header;
  EXPECT_THAT(error_message_of(read),
              HasSubstr(std::string("card.safetensors: ").append(GetParam().name)));
}

std::string entry(const char* name, const char* dtype, const char* shape, const char* offsets) {
  std::string text = "\"";
  text.append(name).append(R"(":{"dtype":")").append(dtype).append(R"(","shape":)").append(shape);
  return text.append(R"(,"data_offsets":)").append(offsets).append("}");
}

std::string object(const std::vector<std::string>& entries) {
  std::string text = "{";
  for (const std::string& one : entries) {
    text.append(text.size() == 1 ? "" : ",").append(one);
  }
  return text.append("}");
}

std::vector<Fault> faults() {
  const std::string eight(8, '\0');
  const std::string good = entry("a", "F32", "[2]", "[0,8]");
  return {
      {"header too small", "{"},
      {"header does not start with {", "  {}"},
      {"header does not start with {", "[1,2]"},
      {"header does not start with {", "\xEF\xBB\xBF{}"},
      {"header is not JSON", "{\"a\":"},
      {"header is not JSON", "{} x"},
      {"header is not JSON", std::string("{}\0{", 4)},
      {"header is not JSON", "{\"a\":{\"shape\":[1e999]}}"},
      {"header is not UTF-8", "{\"\xff\":1}"},
      {"header is not UTF-8", "{\"\xed\xa0\x80\":1}"},
      {"duplicate key", object({good, good}), eight},
      {"duplicate key", R"({"__metadata__":{},"__metadata__":{}})"},
      {"duplicate key", R"({"__metadata__":{"k":"1","k":"2"}})"},
      {"duplicate key", R"({"a":{"dtype":"F32","dtype":"F16","shape":[],"data_offsets":[0,4]}})"},
      {"invalid metadata", R"({"__metadata__":{"k":1}})"},
      {"invalid metadata", R"({"__metadata__":{"k":{"x":"y"}}})"},
      {"invalid tensor", R"({"__metadata__":"text"})"},
      {"invalid tensor", R"({"__metadata__":null})"},
      {"invalid tensor", object({entry("a", "F33", "[2]", "[0,8]")}), eight},
      {"invalid tensor", R"({"a":{"dtype":"F32","shape":[2]}})", eight},
      {"invalid tensor", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", eight},
      {"invalid tensor", object({entry("a", "F32", "[-2]", "[0,8]")}), eight},
      {"invalid tensor", object({entry("a", "F32", "[2.0]", "[0,8]")}), eight},
      {"invalid tensor", object({entry("a", "F32", "[[2]]", "[0,8]")}), eight},
      {"invalid tensor", object({entry("a", "F32", "[\"2\"]", "[0,8]")}), eight},
      {"invalid tensor", R"({"a":[1]})"},
      {"invalid tensor", R"({"a":{"dtype":{"b":1}}})"},
      {"invalid offset", object({entry("a", "F32", "[2]", "[0]")}), eight},
      {"invalid offset", object({entry("a", "F32", "[2]", "[0,8,9]")}), eight},
      {"invalid offset", object({entry("a", "F32", "[2]", "[8,0]")}), eight},
      {"invalid offset", object({entry("a", "F32", "[1]", "[4,8]")}), eight},        // hole
      {"invalid offset", object({good, entry("b", "F32", "[1]", "[4,8]")}), eight},  // overlap
      {"wrong size", object({entry("a", "F32", "[3]", "[0,8]")}), eight},
      {"wrong size", object({entry("a", "F16", "[]", "[0,8]")}), eight},
      {"overflow", object({entry("a", "F32", "[4294967296,4294967296]", "[0,8]")}), eight},
      {"overflow", object({entry("a", "F32", "[18446744073709551615]", "[0,8]")}), eight},
      {"misaligned slice", object({entry("a", "F4", "[3]", "[0,2]")}), "xx"},
      {"wrong file length", object({good}), "1234567"},
      {"wrong file length", object({good}), "123456789"},
      {"wrong file length", object({entry("a", "F32", "[250000000]", "[0,1000000000]")}), eight},
      {"wrong file length", "{}", "x"},
  };
}

INSTANTIATE_TEST_SUITE_P(Headers, SafetensorsFaultTest, testing::ValuesIn(faults()));

TEST(SafetensorsFileTest, RefusesLengthFieldsThatLie) {
  struct Case {
    std::string bytes;
    const char* fault;
  };
  const std::vector<Case> cases = {
      {"", "header too small"},
      {"1234567", "header too small"},
      {std::string(8, '\0'), "header too small"},
      {std::string("\x10\0\0\0\0\0\0\0{}", 10), "invalid header length"},
      {std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), "header too large"},
      {std::string("\x01\xe1\xf5\x05\0\0\0\0{}", 10), "header too large"},  // 100,000,001
  };
  for (const Case& bad : cases) {
    const auto read = [&] { return parse_safetensors(as_bytes(bad.bytes), "x"); };
    EXPECT_EQ(error_code_of(read), ErrorCode::kCorruptData);
    EXPECT_THAT(error_message_of(read), HasSubstr(bad.fault));
  }
}

TEST(SafetensorsFileTest, SurvivesAMillionLevelsOfNesting) {
  std::string header = "{\"a\":";
  header.append(1'000'000, '[');
  const std::string file = SafetensorsBuilder::file_bytes(header, "");

  EXPECT_EQ(error_code_of([&] { return parse_safetensors(as_bytes(file), "x"); }),
            ErrorCode::kCorruptData);
}

TEST(SafetensorsFileTest, RefusesEveryTruncationOfAGoodFile) {
  const std::string file = reference_vector();

  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::string cut = file.substr(0, size);
    EXPECT_EQ(error_code_of([&] { return parse_safetensors(as_bytes(cut), "x"); }),
              ErrorCode::kCorruptData)
        << size << " bytes";
  }
}

}  // namespace
}  // namespace stylus::weights
