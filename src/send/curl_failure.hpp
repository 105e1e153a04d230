#pragma once

#include <curl/curl.h>

#include <string_view>

#include "hookline/transport.hpp"

namespace hookline::detail {

/// What a result of libcurl means for a request that got no complete header section. `error` is the
/// text of CURLOPT_ERRORBUFFER, which can hold bytes from the network, or empty.
[[nodiscard]] TransportFailure curl_failure(CURLcode code, std::string_view error);

}  // namespace hookline::detail
