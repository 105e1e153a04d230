// Base64 is read in its one form only, and what was written reads back.
#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "fuzz.hpp"
#include "sign/base64.hpp"

namespace hookline::fuzz {
namespace {

std::string encoded(const unsigned char* bytes, std::size_t size) {
  std::string text;
  detail::append_base64(text, bytes, size);
  return text;
}

/// OpenSSL's decoder accepts more, and counts padding as bytes; what we accept it reads alike.
void compare_with_openssl(std::string_view text, const detail::WipedBytes& bytes) {
  std::vector<unsigned char> other(text.size() + 1);
  const int size =
      ::EVP_DecodeBlock(other.data(), reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size()));
  promise(size >= 0 && static_cast<std::size_t>(size) >= bytes.size() &&
              std::equal(bytes.begin(), bytes.end(), other.begin()),
          "OpenSSL reads what we accept as the same bytes", text);
}

}  // namespace

void check(std::string_view input) {
  if (const auto bytes = detail::decode_base64(input)) {
    promise(encoded(bytes->data(), bytes->size()) == input, "only the one form is accepted", input);
    compare_with_openssl(input, *bytes);
  }
  const auto* raw = reinterpret_cast<const unsigned char*>(input.data());
  const auto back = detail::decode_base64(encoded(raw, input.size()));
  promise(back && std::equal(back->begin(), back->end(), raw, raw + input.size()),
          "what was encoded is decoded to itself", input);
}

}  // namespace hookline::fuzz
