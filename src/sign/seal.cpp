#include "sign/seal.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

#include "base/fail.hpp"

namespace hookline::detail {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// One step of a cipher in either direction; null if OpenSSL cannot work.
Cipher begin_cipher(bool sealing, const Secret& key, std::string_view nonce,
                    std::string_view bound) {
  Cipher cipher(EVP_CIPHER_CTX_new());
  int ignored = 0;
  const bool ready = cipher &&
                     EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr,
                                       bytes_of(key.reveal()), bytes_of(nonce), sealing) == 1 &&
                     EVP_CipherUpdate(cipher.get(), nullptr, &ignored, bytes_of(bound),
                                      static_cast<int>(bound.size())) == 1;
  return ready ? std::move(cipher) : nullptr;
}

/// Into the memory at `out`, which has room for as much as comes in. False if a tag is wrong, too.
bool run_cipher(EVP_CIPHER_CTX* cipher, std::string_view in, char* out) {
  auto* target = reinterpret_cast<unsigned char*>(out);
  int written = 0;
  int rest = 0;
  return EVP_CipherUpdate(cipher, target, &written, bytes_of(in), static_cast<int>(in.size())) ==
             1 &&
         EVP_CipherFinal_ex(cipher, target + written, &rest) == 1;
}

}  // namespace

Result<std::string> seal(const Secret& key, std::string_view bound, std::string_view plain) {
  const auto failed = fail(ErrorCode::system_failed, "OpenSSL cannot seal a webhook");
  std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(sealed.data()), kNonceBytes) != 1) return failed;
  const std::string_view nonce(sealed.data(), kNonceBytes);
  const Cipher cipher = begin_cipher(true, key, nonce, bound);
  char* tag = sealed.data() + kNonceBytes + plain.size();
  if (!cipher || !run_cipher(cipher.get(), plain, sealed.data() + kNonceBytes) ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag) != 1) {
    return failed;
  }
  return sealed;
}

Result<Secret> open_sealed(const Secret& key, std::string_view bound, std::string_view sealed) {
  const auto refused = fail(ErrorCode::invalid_registry_document,
                            "it was changed since it was sealed, or sealed with another key of "
                            "this id; restore it, or remove the webhook");
  if (sealed.size() < kNonceBytes + kTagBytes) return refused;
  const std::string_view nonce = sealed.substr(0, kNonceBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  sealed = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  const Cipher cipher = begin_cipher(false, key, nonce, bound);
  if (!cipher ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1) {
    return fail(ErrorCode::system_failed, "OpenSSL cannot open a sealed webhook");
  }
  std::string plain(sealed.size(), '\0');
  const bool genuine = run_cipher(cipher.get(), sealed, plain.data());
  Secret opened(std::move(plain));  // wiped with it, genuine or not
  if (!genuine) return refused;
  return opened;
}

}  // namespace hookline::detail
