#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "hookline/address_policy.hpp"
#include "hookline/result.hpp"

namespace hookline::detail {

/// A URL as the policy and libcurl have read it, both the same way. Immutable: transfers share it.
struct ReadUrl {
  CheckedUrl checked;
  std::shared_ptr<CURLU> url;
};

/// Reads URLs, and remembers what it has read: a webhook's URL is the same in every request.
///
/// Threads: any.
class ReadUrls {
 public:
  /// More than this are not remembered at a time, and none that is longer: about 1 KB each.
  static constexpr std::size_t kMost = 4096;
  static constexpr std::size_t kLongest = 512;

  /// The errors of `AddressPolicy::check_url`; also `invalid_url` if libcurl would dial something
  /// else than what was checked.
  [[nodiscard]] Result<std::shared_ptr<const ReadUrl>> read(const std::string& url,
                                                            const AddressPolicy& policy);

 private:
  /// An answer is of one policy; under another one the URL is read anew.
  struct Known {
    AddressPolicy policy;
    std::shared_ptr<const ReadUrl> url;
  };

  std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace hookline::detail
