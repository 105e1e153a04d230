#include "hookline/secret.hpp"

#include <openssl/crypto.h>

#include <ostream>

#include "sign/base64.hpp"

namespace hookline {

class Secret::Buffer {
 public:
  explicit Buffer(std::string_view text) : bytes_(text.begin(), text.end()) {}

  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  detail::WipedBytes bytes_;
};

Secret::Secret(std::string text) : buffer_(std::make_shared<const Buffer>(text)) {
  OPENSSL_cleanse(text.data(), text.size());
}

bool Secret::empty() const { return reveal().empty(); }

std::string_view Secret::reveal() const { return buffer_ ? buffer_->text() : std::string_view(); }

bool operator==(const Secret& a, const Secret& b) {
  const std::string_view x = a.reveal();
  const std::string_view y = b.reveal();
  return x.size() == y.size() && CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "[secret]"; }

}  // namespace hookline
