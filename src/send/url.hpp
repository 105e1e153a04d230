#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hookline/address_policy.hpp"
#include "hookline/result.hpp"

namespace hookline::detail {

/// The host of a URL: a name, or an address written out.
struct Host {
  std::string text;  ///< lower case, no brackets, no final dot; an address in its canonical form
  std::optional<IpAddress> address;
};

/// The parts of a URL that decide where a request goes.
struct Url {
  bool https = true;
  Host host;
  std::uint16_t port = 443;  ///< the scheme's default where the URL names none
};

/// Takes a URL apart, stricter than RFC 3986: what two parsers could read in two ways is refused.
/// At most 2048 visible ASCII characters, http or https, no user information, no backslash.
/// A fragment is allowed; it is never sent.
///
/// `ErrorCode::invalid_url` says what is wrong. The message shows host and port at most.
[[nodiscard]] Result<Url> parse_url(std::string_view url);

/// Reads a host as it stands in a URL: `Example.com.`, `192.0.2.1`, `[2001:db8::1]`. Hosts that
/// other parsers give back can be compared after it.
[[nodiscard]] Result<Host> parse_host(std::string_view text);

/// The URL up to its query or fragment.
[[nodiscard]] std::string_view without_query(std::string_view url);

/// `https://host:port`, the default port left out.
[[nodiscard]] std::string origin_of(const Url& url);

}  // namespace hookline::detail
