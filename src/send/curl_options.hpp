#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>
#include <type_traits>

#include "hookline/curl_transport.hpp"

namespace hookline::detail {

/// Sets options of an easy handle and remembers the first that libcurl refuses: a defence that is
/// not in place must not pass unnoticed.
class CurlOptions {
 public:
  explicit CurlOptions(CURL* easy) : easy_(easy) {}

  /// REQUIRES: `value` is of the very type that the option takes, which is never `int`.
  template <class T>
  void set(CURLoption option, T value) {
    static_assert(!std::is_same_v<T, int> && !std::is_same_v<T, bool>, "libcurl reads a long");
    if (code_ != CURLE_OK) return;
    code_ = curl_easy_setopt(easy_, option, value);
    option_ = option;
  }

  /// Nothing from the environment, no second request of libcurl's own.
  void isolate();
  /// TLS 1.2 or later with a certificate that the authorities in the options vouch for, or those of
  /// the system if they name none. REQUIRES: `options` outlives the handle.
  void verify_tls(const CurlTransportOptions& options);
  /// What the receiver is told of who is calling, if it asks; null: nothing. REQUIRES: it lives
  /// until the handle has done its work or is told of another one.
  void identify_as(const ClientCertificate* certificate);

  [[nodiscard]] bool refused() const { return code_ != CURLE_OK; }

  /// REQUIRES: `refused()`.
  [[nodiscard]] std::string message() const;

 private:
  void trust(const std::string& file, const std::string& directory, const std::string& pem);
  void set_text(CURLoption option, std::string_view text);

  CURL* easy_;
  CURLcode code_ = CURLE_OK;
  CURLoption option_{};
};

}  // namespace hookline::detail
