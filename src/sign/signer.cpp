#include "hookline/signer.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "sign/base64.hpp"

namespace hookline {

using detail::append_base64;
using detail::decode_base64;
using detail::fail;
using detail::fail_in;
using detail::WipedBytes;

namespace {

struct EvpFree {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Evp = std::unique_ptr<T, EvpFree>;

/// A secret that has been read; one of the two is set.
struct Key {
  /// HMAC-SHA256 with the key in it. A copy of it is cheaper than a new one, and making one only
  /// reads it, so threads share it.
  Evp<EVP_MAC_CTX> hmac;
  Evp<EVP_PKEY> ed25519;
};

enum class KeyUse { sign, verify };

/// What is signed: `id.timestamp.body`. HMAC takes it in two pieces, so that a body is not copied.
class Message {
 public:
  Message(std::string_view id, std::string_view timestamp, std::string_view body)
      : head_(fmt::format("{}.{}.", id, timestamp)), body_(body) {}

  [[nodiscard]] std::string_view head() const { return head_; }
  [[nodiscard]] std::string_view body() const { return body_; }

  /// For Ed25519, which reads its message twice.
  [[nodiscard]] std::string_view in_one_piece() {
    if (joined_.empty()) joined_.append(head_).append(body_);
    return joined_;
  }

 private:
  std::string head_;
  std::string_view body_;
  std::string joined_;
};

constexpr std::size_t kHmacBytes = 32;
constexpr std::size_t kEd25519Bytes = 64;
constexpr std::size_t kEd25519KeyBytes = 32;

Result<std::vector<Key>> read_keys(const std::vector<std::string_view>& secrets, KeyUse use);
Result<Key> read_key(std::string_view secret, KeyUse use);
Result<Key> hmac_key(const WipedBytes& bytes);
Result<Key> private_key(const WipedBytes& bytes);
Result<Key> public_key(const WipedBytes& bytes);
Result<void> check_id(std::string_view id);
Result<void> check_timestamp(std::string_view text, std::chrono::system_clock::time_point now,
                             std::chrono::seconds tolerance);
bool append_signature(std::string& header, const Key& key, Message& message);
bool append_hmac(std::string& out, const Key& key, const Message& message);
bool append_ed25519(std::string& out, const Key& key, Message& message);
bool has_match(std::string_view header, const Key& key, Message& message);
bool matches_hmac(std::string_view signature, const std::string& expected);
bool matches_ed25519(std::string_view signature, const Key& key, Message& message);

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

tl::unexpected<Error> openssl_failed() {
  return fail(ErrorCode::system_failed, "OpenSSL failed; there may be no memory left");
}

}  // namespace

class Signer::Keys {
 public:
  explicit Keys(std::vector<Key> keys) : list(std::move(keys)) {}

  const std::vector<Key> list;
};

Signer::Signer(std::shared_ptr<const Keys> keys) : keys_(std::move(keys)) {}
Signer::Signer(const Signer&) = default;
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(const Signer&) = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::from_secrets(const std::vector<Secret>& secrets) {
  std::vector<std::string_view> texts;
  texts.reserve(secrets.size());
  for (const Secret& secret : secrets) texts.push_back(secret.reveal());
  auto keys = read_keys(texts, KeyUse::sign);
  if (!keys) return tl::unexpected(std::move(keys).error());
  return Signer(std::make_shared<const Keys>(*std::move(keys)));
}

Result<Signer> Signer::create(std::vector<std::string> secrets) {
  std::vector<Secret> wiped;
  for (std::string& secret : secrets) {
    wiped.emplace_back(secret);  // a copy: moving from a short string would leave its text here
    OPENSSL_cleanse(secret.data(), secret.size());
  }
  return from_secrets(wiped);
}

Result<std::string> Signer::sign(std::string_view id, std::int64_t timestamp,
                                 std::string_view body) const {
  if (auto checked = check_id(id); !checked) return tl::unexpected(std::move(checked).error());
  if (timestamp < 0) {
    return fail(ErrorCode::invalid_timestamp, "timestamp: {} is before 1970", timestamp);
  }
  Message message(id, std::to_string(timestamp), body);
  std::string header;
  for (const Key& key : keys_->list) {
    if (!header.empty()) header += ' ';
    if (!append_signature(header, key, message)) return openssl_failed();
  }
  return header;
}

Result<void> verify(const std::vector<std::string>& secrets, const SignatureHeaders& headers,
                    std::string_view body, std::chrono::system_clock::time_point now,
                    std::chrono::seconds tolerance) {
  const auto keys = read_keys({secrets.begin(), secrets.end()}, KeyUse::verify);
  if (!keys) return tl::unexpected(keys.error());
  if (auto checked = check_id(headers.id); !checked) return checked;
  if (auto checked = check_timestamp(headers.timestamp, now, tolerance); !checked) return checked;

  // What is signed is the timestamp as it stands in the header, not as it was read.
  Message message(headers.id, headers.timestamp, body);
  for (const Key& key : *keys) {
    if (has_match(headers.signature, key, message)) return {};
  }
  return fail(ErrorCode::invalid_signature, "webhook-signature: no signature in it matches");
}

Result<Secret> generate_secret() {
  WipedBytes bytes(32);
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return openssl_failed();
  std::string text = "whsec_";
  text.reserve(64);  // growing would leave a copy behind
  append_base64(text, bytes.data(), bytes.size());
  return Secret(std::move(text));
}

namespace {

Result<std::vector<Key>> read_keys(const std::vector<std::string_view>& secrets, KeyUse use) {
  if (secrets.empty()) return fail(ErrorCode::invalid_secret, "secrets: at least one is needed");
  std::vector<Key> keys;
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    auto key = read_key(secrets[i], use);
    if (!key) return fail_in(fmt::format("secrets[{}]", i), key.error());
    keys.push_back(*std::move(key));
  }
  return keys;
}

Result<Key> read_key(std::string_view secret, KeyUse use) {
  const std::string_view prefix = secret.substr(0, secret.find('_') + 1);
  const bool is_public = prefix == "whpk_";
  if (prefix != "whsec_" && prefix != "whsk_" && !is_public) {
    return fail(ErrorCode::invalid_secret, "it must begin with whsec_ or whsk_{}",
                use == KeyUse::verify ? " or whpk_" : "");
  }
  if (is_public && use == KeyUse::sign) {
    return fail(ErrorCode::invalid_secret, "whpk_ is a public key; signing needs the whsk_ one");
  }
  const auto bytes = decode_base64(secret.substr(prefix.size()));
  if (!bytes) {
    return fail(ErrorCode::invalid_secret, "what follows {} is not base64 with its padding",
                prefix);
  }
  if (is_public) return public_key(*bytes);
  return prefix == "whsec_" ? hmac_key(*bytes) : private_key(*bytes);
}

Result<Key> hmac_key(const WipedBytes& bytes) {
  if (bytes.size() < 24 || bytes.size() > 64) {
    return fail(ErrorCode::invalid_secret, "its key has {} bytes; 24 to 64 are allowed",
                bytes.size());
  }
  const Evp<EVP_MAC> mac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
  Key key;
  if (mac) key.hmac.reset(EVP_MAC_CTX_new(mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  if (!key.hmac || EVP_MAC_init(key.hmac.get(), bytes.data(), bytes.size(), params) != 1) {
    return openssl_failed();
  }
  return key;
}

/// The 32-byte seed of RFC 8032, alone or with the public key behind it.
Result<Key> private_key(const WipedBytes& bytes) {
  if (bytes.size() != kEd25519KeyBytes && bytes.size() != 2 * kEd25519KeyBytes) {
    return fail(ErrorCode::invalid_secret, "its key has {} bytes; 32 or 64 are allowed",
                bytes.size());
  }
  Key key;
  key.ed25519.reset(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes.data(), kEd25519KeyBytes));
  unsigned char derived[kEd25519KeyBytes];
  std::size_t size = sizeof derived;
  if (!key.ed25519 || EVP_PKEY_get_raw_public_key(key.ed25519.get(), derived, &size) != 1) {
    return openssl_failed();
  }
  if (bytes.size() > size && !std::equal(derived, derived + size, bytes.begin() + size)) {
    return fail(ErrorCode::invalid_secret, "its public half does not belong to its private half");
  }
  return key;
}

Result<Key> public_key(const WipedBytes& bytes) {
  if (bytes.size() != kEd25519KeyBytes) {
    return fail(ErrorCode::invalid_secret, "its key has {} bytes; 32 are needed", bytes.size());
  }
  Key key;
  key.ed25519.reset(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()));
  if (!key.ed25519) return openssl_failed();
  return key;
}

Result<void> check_id(std::string_view id) {
  if (detail::is_identifier(id)) return {};
  return fail(ErrorCode::invalid_message_id,
              "webhook-id: {} is not 1 to 128 letters, digits, \"-\" and \"_\"",
              detail::quoted(id));
}

Result<void> check_timestamp(std::string_view text, std::chrono::system_clock::time_point now,
                             std::chrono::seconds tolerance) {
  // Eighteen digits leave room for the subtraction below.
  if (text.empty() || text.size() > 18 ||
      !std::all_of(text.begin(), text.end(), detail::is_digit)) {
    return fail(ErrorCode::invalid_timestamp, "webhook-timestamp: {} is not a number of seconds",
                detail::quoted(text));
  }
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  const auto ahead = std::chrono::seconds(seconds) -
                     std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  if (ahead > tolerance) {
    return fail(ErrorCode::timestamp_too_new, "webhook-timestamp: {} s in the future",
                ahead.count());
  }
  if (-ahead > tolerance) {
    return fail(ErrorCode::timestamp_too_old, "webhook-timestamp: {} s in the past",
                -ahead.count());
  }
  return {};
}

bool append_signature(std::string& header, const Key& key, Message& message) {
  header += key.hmac ? "v1," : "v1a,";
  return key.hmac ? append_hmac(header, key, message) : append_ed25519(header, key, message);
}

bool append_hmac(std::string& out, const Key& key, const Message& message) {
  const Evp<EVP_MAC_CTX> context(EVP_MAC_CTX_dup(key.hmac.get()));
  unsigned char mac[kHmacBytes];
  std::size_t size = 0;
  if (!context ||
      EVP_MAC_update(context.get(), bytes_of(message.head()), message.head().size()) != 1 ||
      EVP_MAC_update(context.get(), bytes_of(message.body()), message.body().size()) != 1 ||
      EVP_MAC_final(context.get(), mac, &size, sizeof mac) != 1) {
    return false;
  }
  append_base64(out, mac, size);
  return true;
}

bool append_ed25519(std::string& out, const Key& key, Message& message) {
  const std::string_view text = message.in_one_piece();
  const Evp<EVP_MD_CTX> context(EVP_MD_CTX_new());
  unsigned char signature[kEd25519Bytes];
  std::size_t size = sizeof signature;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.ed25519.get()) != 1 ||
      EVP_DigestSign(context.get(), signature, &size, bytes_of(text), text.size()) != 1) {
    return false;
  }
  append_base64(out, signature, size);
  return true;
}

/// Whether one of the space-separated `version,base64` entries is this key's signature. Versions
/// that are not the key's are passed over.
bool has_match(std::string_view header, const Key& key, Message& message) {
  std::string expected;
  if (key.hmac && !append_hmac(expected, key, message)) return false;
  const std::string_view version = key.hmac ? "v1," : "v1a,";
  while (!header.empty()) {
    std::string_view entry = header.substr(0, header.find(' '));
    header.remove_prefix(std::min(entry.size() + 1, header.size()));
    if (entry.substr(0, version.size()) != version) continue;
    entry.remove_prefix(version.size());
    if (key.hmac ? matches_hmac(entry, expected) : matches_ed25519(entry, key, message)) {
      return true;
    }
  }
  return false;
}

/// The base64 forms are compared: there is one for each signature.
bool matches_hmac(std::string_view signature, const std::string& expected) {
  return signature.size() == expected.size() &&
         CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

bool matches_ed25519(std::string_view signature, const Key& key, Message& message) {
  const auto bytes = decode_base64(signature);
  if (!bytes || bytes->size() != kEd25519Bytes) return false;
  const std::string_view text = message.in_one_piece();
  const Evp<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.ed25519.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes->data(), bytes->size(), bytes_of(text),
                          text.size()) == 1;
}

}  // namespace
}  // namespace hookline
