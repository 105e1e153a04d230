#pragma once

#include <curl/curl.h>
#include <fmt/format.h>

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

  [[nodiscard]] CURL* handle() const { return easy_; }
  [[nodiscard]] bool refused() const { return code_ != CURLE_OK; }

  /// REQUIRES: `refused()`.
  [[nodiscard]] std::string message() const {
    const curl_easyoption* option = curl_easy_option_by_id(option_);
    return fmt::format("libcurl refused option {}: {}", option ? option->name : "?",
                       curl_easy_strerror(code_));
  }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
  CURLoption option_{};
};

}  // namespace hookline::detail
