#include "support/base64.h"

#include <openssl/evp.h>

#include <limits>

#include "support/error.h"

namespace stylus {

std::string base64(std::string_view bytes) {
  require(bytes.size() < std::numeric_limits<int>::max() / 2, ErrorCode::kInvalidArgument,
          bytes.size(), " bytes are too many for one base64 text");
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // the library writes a NUL behind it
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace stylus
