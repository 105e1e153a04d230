#include "deliver/import_fingerprint.hpp"

#include <openssl/evp.h>

#include "base/import_codec.hpp"

namespace hookline::detail {

std::string fingerprint(const Import& import) {
  const std::string bytes = encode_import(import);
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  const bool done =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                 EVP_sha256(), nullptr) == 1;
  digest.resize(done ? size : 0);
  return digest;
}

}  // namespace hookline::detail
