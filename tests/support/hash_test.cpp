#include "support/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace stylus {
namespace {

/// The examples of FIPS 180-4.
TEST(HashTest, AgreesWithTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HashTest, PiecesHashLikeTheWhole) {
  const std::string text(1000, 'x');
  Sha256 hash;
  for (std::size_t at = 0; at < text.size(); at += 7) {
    const std::string piece = text.substr(at, 7);
    hash.update(std::as_bytes(std::span(piece.data(), piece.size())));
  }
  EXPECT_EQ(hash.hex(), sha256_hex(text));
}

}  // namespace
}  // namespace stylus
