#include "deliver/import_fingerprint.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace hookline::detail {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    ok_ = context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
  }

  /// The length in front keeps two neighbours from being taken for two others.
  void add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    update(text.data(), text.size());
  }

  void add(std::uint64_t number) {
    std::array<unsigned char, 8> bytes{};
    for (unsigned char& byte : bytes) {
      byte = static_cast<unsigned char>(number & 0xff);
      number >>= 8;
    }
    update(bytes.data(), bytes.size());
  }

  void add(const std::optional<std::string>& text) {
    add(std::uint64_t{text.has_value()});
    if (text) add(std::string_view(*text));
  }

  [[nodiscard]] std::string finish() {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    ok_ = ok_ && EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                                    &size) == 1;
    digest.resize(ok_ ? size : 0);
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };

  void update(const void* bytes, std::size_t size) {
    ok_ = ok_ && EVP_DigestUpdate(context_.get(), bytes, size) == 1;
  }

  std::unique_ptr<EVP_MD_CTX, Free> context_;
  bool ok_ = false;
};

}  // namespace

std::string fingerprint(const Import& import) {
  Sha256 hash;
  hash.add(std::string_view(import.tenant));
  hash.add(std::string_view(import.id));
  hash.add(import.filename);
  hash.add(std::uint64_t{import.user.has_value()});
  if (import.user) {
    for (const auto* field : {&import.user->id, &import.user->name, &import.user->email,
                              &import.user->company_id, &import.user->company_name}) {
      hash.add(*field);
    }
  }
  hash.add(static_cast<std::uint64_t>(import.created_date.time_since_epoch().count()));
  hash.add(static_cast<std::uint64_t>(import.import_type));
  hash.add(static_cast<std::uint64_t>(import.status));
  hash.add(import.num_data_rows);
  hash.add(std::uint64_t{import.development_mode});
  hash.add(std::uint64_t{import.has_data});
  hash.add(import.headless);
  hash.add(import.import_identifier);
  hash.add(import.saved_schema_id);
  hash.add(import.webhook_url);
  return hash.finish();
}

}  // namespace hookline::detail
