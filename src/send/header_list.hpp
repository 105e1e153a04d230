#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/wiped.hpp"
#include "hookline/http_header.hpp"

namespace hookline::detail {

/// What makes one of the headers unfit to be sent; nothing if all are fit.
///
/// libcurl writes header lines as they are given, line ends included. Who builds the request takes
/// care of them; this keeps a slip from becoming a second request.
[[nodiscard]] std::optional<std::string> fault_in(const std::vector<HttpHeader>& headers);

/// Overwrites the values of `authorization` headers. What libcurl copied into buffers of its own is
/// out of reach.
void wipe_credentials(std::vector<HttpHeader>& headers);

/// A `curl_slist` for CURLOPT_HTTPHEADER whose memory is used again for the next request, where
/// `curl_slist_append` takes two allocations for each line.
class HeaderList {
 public:
  /// These headers in their order, and none that libcurl would add of its own.
  void assign(const std::vector<HttpHeader>& headers);

  /// Valid until the next `assign` or `wipe`.
  [[nodiscard]] curl_slist* list();

  /// Overwrites the lines, which may hold credentials.
  void wipe();

 private:
  void add(const HttpHeader& header);
  void leave_out(const char* name);

  WipedText text_;
  std::vector<std::size_t> offsets_;
  std::vector<curl_slist> nodes_;
};

}  // namespace hookline::detail
