#pragma once

#include <curl/curl.h>

#include <string>
#include <type_traits>

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
  /// TLS 1.2 or later with a certificate that the authorities in `ca_file` vouch for, or those of
  /// the system if it is empty.
  void verify_tls(const std::string& ca_file);

  [[nodiscard]] bool refused() const { return code_ != CURLE_OK; }

  /// REQUIRES: `refused()`.
  [[nodiscard]] std::string message() const;

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
  CURLoption option_{};
};

}  // namespace hookline::detail
