#pragma once

#include <curl/curl.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace hookline::test {

// This program has its own curl_easy_setopt in front of libcurl's: what the library asks for can be
// refused, watched and changed without a switch in the library. All of this is set and read while
// no request is under way.

/// What happens in place of an option that is set. `given` is the value where that is a pointer.
using Replacement = std::function<CURLcode(CURL* easy, void* given)>;

/// Does this in place of an option until it goes out of scope.
class Replaced {
 public:
  Replaced(CURLoption option, Replacement replacement);
  Replaced(const Replaced&) = delete;
  Replaced& operator=(const Replaced&) = delete;
  ~Replaced();

 private:
  CURLoption option_;
};

/// The option is refused, as by a libcurl that does not know it.
[[nodiscard]] Replacement refused();
/// The option is not set at all, and nobody is told.
[[nodiscard]] Replacement left_out();
/// Another number is set.
[[nodiscard]] Replacement set_to(CURLoption option, long value);

/// libcurl's own.
[[nodiscard]] CURLcode real_setopt(CURL* easy, CURLoption option, long value);
[[nodiscard]] CURLcode real_setopt(CURL* easy, CURLoption option, void* value);
[[nodiscard]] CURLcode real_setopt(CURL* easy, CURLoption option, curl_write_callback value);

/// Every option that is set while it lives.
class SeenOptions {
 public:
  SeenOptions();
  SeenOptions(const SeenOptions&) = delete;
  SeenOptions& operator=(const SeenOptions&) = delete;
  ~SeenOptions();
  [[nodiscard]] std::set<CURLoption> all() const;
};

/// A defence of the transport, how it is taken away, and the test that must miss it.
struct Defence {
  std::string name;
  std::vector<std::pair<CURLoption, Replacement>> without;
  std::string test;
};

[[nodiscard]] const std::vector<Defence>& defences();

/// Names the defence that this process does without.
inline constexpr const char* kWithoutVariable = "HOOKLINE_TEST_WITHOUT";

}  // namespace hookline::test
