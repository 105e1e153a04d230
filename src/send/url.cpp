#include "send/url.hpp"

#include <algorithm>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "send/ip_address.hpp"

namespace hookline::detail {
namespace {

constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxName = 253;  // RFC 1035, 2.3.4: 255 octets on the wire
constexpr std::size_t kMaxLabel = 63;

Result<void> check_characters(std::string_view url);
Result<bool> parse_scheme(std::string_view scheme);
Result<std::uint16_t> parse_port(std::string_view text);
Result<Host> parse_bracketed(std::string_view text);
Result<void> check_name(std::string_view name);
Result<void> check_label(std::string_view label);

/// Where the host ends: behind its brackets or before the port's colon.
std::size_t host_length(std::string_view authority) {
  if (authority.empty() || authority.front() != '[') {
    return std::min(authority.find(':'), authority.size());
  }
  const std::size_t bracket = authority.rfind(']');
  return bracket == authority.npos ? authority.size() : bracket + 1;
}

bool is_in(std::string_view set, char c) { return set.find(c) != set.npos; }

bool is_host_character(char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; }

/// Whether other software would read this name as an IPv4 address: its last label is a number
/// (WHATWG URL, "ends in a number checker").
bool ends_in_number(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return lower(last.substr(0, 2)) == "0x" || std::all_of(last.begin(), last.end(), is_digit);
}

std::uint16_t default_port(bool https) { return https ? 443 : 80; }

}  // namespace

Result<Url> parse_url(std::string_view url) {
  if (auto checked = check_characters(url); !checked) return tl::unexpected(checked.error());
  const std::size_t colon = url.find("://");
  const auto https = parse_scheme(url.substr(0, colon == url.npos ? 0 : colon));
  if (!https) return tl::unexpected(https.error());

  std::string_view authority = url.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (is_in(authority, '@')) {
    return fail(ErrorCode::invalid_url,
                "a user name or password in it is refused; use the webhook's credentials");
  }
  const std::size_t length = host_length(authority);
  auto host = parse_host(authority.substr(0, length));
  if (!host) return tl::unexpected(host.error());
  if (length == authority.size()) return Url{*https, *std::move(host), default_port(*https)};

  const auto port = parse_port(authority.substr(length));
  if (!port) return tl::unexpected(port.error());
  return Url{*https, *std::move(host), *port};
}

Result<Host> parse_host(std::string_view text) {
  if (!text.empty() && text.front() == '[') return parse_bracketed(text);
  if (text.empty()) return fail(ErrorCode::invalid_url, "it names no host");
  const std::string_view name = text.back() == '.' ? text.substr(0, text.size() - 1) : text;
  if (auto checked = check_name(name); !checked) return tl::unexpected(checked.error());
  if (!ends_in_number(name)) return Host{lower(name), std::nullopt};

  // Without its final dot, which resolvers read as part of a name.
  const auto address = parse_ipv4(text);
  if (address) return Host{to_text(*address), address};
  return fail(ErrorCode::invalid_url,
              "host {} is not a plain IPv4 address; write it as four decimal numbers",
              quoted(text));
}

std::string_view without_query(std::string_view url) {
  return url.substr(0, url.find_first_of("?#"));
}

std::string origin_of(const Url& url) {
  const bool v6 = url.host.address && url.host.address->family == IpAddress::Family::v6;
  std::string origin = url.https ? "https://" : "http://";
  origin += v6 ? '[' + url.host.text + ']' : url.host.text;
  if (url.port != default_port(url.https)) origin += ':' + std::to_string(url.port);
  return origin;
}

namespace {

Result<void> check_characters(std::string_view url) {
  if (url.size() > kMaxUrl) {
    return fail(ErrorCode::invalid_url, "it has {} bytes; at most {} are allowed", url.size(),
                kMaxUrl);
  }
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      return fail(ErrorCode::invalid_url,
                  "it has a character outside ASCII; write the host in its punycode form (xn--…) "
                  "and percent-encode the rest");
    }
    if (byte <= 0x20 || byte == 0x7f) {
      return fail(ErrorCode::invalid_url,
                  "it has a space or control character; remove it or percent-encode it");
    }
    if (c == '\\') return fail(ErrorCode::invalid_url, "it has a backslash; use /");
  }
  return {};
}

Result<bool> parse_scheme(std::string_view scheme) {
  if (equal_ignoring_case(scheme, "https")) return true;
  if (equal_ignoring_case(scheme, "http")) return false;
  // RFC 3986, 3.1. Anything else before "://" may be a stranger's query and is not shown.
  const bool is_scheme = !scheme.empty() && std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return is_alnum(c) || is_in("+-.", c);
  });
  if (!is_scheme) return fail(ErrorCode::invalid_url, "it does not begin with https://");
  return fail(ErrorCode::invalid_url, "scheme {} is refused; use https", printable(scheme, 20));
}

Result<std::uint16_t> parse_port(std::string_view text) {
  // The text is not shown: in https://name:password/… it would be a password.
  const auto refused = [] {
    return fail(ErrorCode::invalid_url, "the port is not a number from 1 to 65535");
  };
  if (text.front() != ':') return refused();
  unsigned port = 0;
  for (const char c : text.substr(1)) {
    if (!is_digit(c)) return refused();
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > 65535) return refused();
  }
  if (port == 0) return refused();
  return static_cast<std::uint16_t>(port);
}

Result<Host> parse_bracketed(std::string_view text) {
  if (is_in(text, '%')) {
    return fail(ErrorCode::invalid_url, "an IPv6 zone id in the host is refused; remove it");
  }
  const auto address =
      text.back() == ']' ? parse_ipv6(text.substr(1, text.size() - 2)) : std::nullopt;
  if (address) return Host{to_text(*address), address};
  return fail(ErrorCode::invalid_url, "host {} is not an IPv6 address in brackets", quoted(text));
}

Result<void> check_name(std::string_view name) {
  if (is_in(name, '%')) {
    return fail(ErrorCode::invalid_url,
                "host {} has percent-encoding; write the name itself, in its punycode form (xn--…) "
                "if it is not ASCII",
                quoted(name));
  }
  if (!std::all_of(name.begin(), name.end(), is_host_character)) {
    return fail(ErrorCode::invalid_url,
                "host {} may have letters, digits, \"-\", \"_\" and \".\" only", quoted(name));
  }
  if (name.size() > kMaxName) {
    return fail(ErrorCode::invalid_url, "its host name has {} characters; at most {} are allowed",
                name.size(), kMaxName);
  }
  for (std::string_view rest = name;;) {
    const std::size_t dot = rest.find('.');
    if (auto checked = check_label(rest.substr(0, dot)); !checked) {
      return fail(ErrorCode::invalid_url, "host {} has {}", quoted(name), checked.error().message);
    }
    if (dot == rest.npos) return {};
    rest.remove_prefix(dot + 1);
  }
}

Result<void> check_label(std::string_view label) {
  if (label.empty()) return fail(ErrorCode::invalid_url, "two dots in a row or one at its start");
  if (label.size() > kMaxLabel) {
    return fail(ErrorCode::invalid_url, "a part of more than {} characters", kMaxLabel);
  }
  if (label.front() == '-' || label.back() == '-') {
    return fail(ErrorCode::invalid_url, "a part that begins or ends with a hyphen");
  }
  return {};
}

}  // namespace
}  // namespace hookline::detail
