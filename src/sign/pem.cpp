#include "sign/pem.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <climits>
#include <cstddef>
#include <utility>

namespace hookline::detail {
namespace {

/// The queue of errors belongs to the thread, and the thread to the host.
class KeptErrors {
 public:
  KeptErrors() { ERR_set_mark(); }
  KeptErrors(const KeptErrors&) = delete;
  KeptErrors& operator=(const KeptErrors&) = delete;
  ~KeptErrors() { ERR_pop_to_mark(); }
};

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

/// One block of a PEM text, decoded.
struct Block {
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(bytes, static_cast<std::size_t>(size));  // it may be a key by mistake
  }

  char* name = nullptr;
  char* header = nullptr;
  unsigned char* bytes = nullptr;
  long size = 0;
};

Bio reader_of(std::string_view text) {
  if (text.size() > INT_MAX) return nullptr;
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate certificate_in(const Block& block) {
  if (std::string_view(block.name) != PEM_STRING_X509) return nullptr;
  const unsigned char* at = block.bytes;
  Certificate certificate(d2i_X509(nullptr, &at, block.size));
  return at == block.bytes + block.size ? std::move(certificate) : nullptr;
}

/// Called for a pass phrase. OpenSSL's own would ask on the terminal.
int refuse_to_ask(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

std::vector<Certificate> read_certificates(std::string_view pem) {
  const KeptErrors kept;
  const Bio reader = reader_of(pem);
  std::vector<Certificate> certificates;
  while (reader) {
    Block block;
    if (PEM_read_bio(reader.get(), &block.name, &block.header, &block.bytes, &block.size) != 1) {
      const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      return at_end ? std::move(certificates) : std::vector<Certificate>();
    }
    certificates.push_back(certificate_in(block));
    if (!certificates.back()) return {};
  }
  return {};
}

tl::expected<PrivateKey, KeyFault> read_private_key(std::string_view pem) {
  const KeptErrors kept;
  const Bio reader = reader_of(pem);
  bool encrypted = false;
  PrivateKey key;
  if (reader) {
    key.reset(PEM_read_bio_PrivateKey(reader.get(), nullptr, &refuse_to_ask, &encrypted));
  }
  if (key) return key;
  return tl::unexpected(encrypted ? KeyFault::encrypted : KeyFault::unreadable);
}

bool fits(const PrivateKey& key, const Certificate& certificate) {
  const KeptErrors kept;
  return X509_check_private_key(certificate.get(), key.get()) == 1;
}

}  // namespace hookline::detail
