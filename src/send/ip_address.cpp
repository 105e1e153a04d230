#include "send/ip_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <iterator>

#include "base/text.hpp"

namespace hookline::detail {
namespace {

/// Decimal digits without a sign or a leading zero, taken off the front of the text.
std::optional<std::size_t> take_number(std::string_view& text, std::size_t max) {
  std::size_t value = 0;
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) {
    if (digits > 0 && value == 0) return std::nullopt;
    value = value * 10 + static_cast<std::size_t>(text[digits++] - '0');
    if (value > max) return std::nullopt;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

std::size_t bit_count(const IpAddress& address) {
  return address.family == IpAddress::Family::v4 ? 32 : 128;
}

/// The bits of byte `index` that a prefix covers.
std::uint8_t mask_of(std::size_t prefix, std::size_t index) {
  const std::size_t before = index * 8;
  if (prefix >= before + 8) return 0xff;
  if (prefix <= before) return 0;
  return static_cast<std::uint8_t>(0xff00u >> (prefix - before));
}

}  // namespace

std::optional<IpAddress> parse_ipv4(std::string_view text) {
  IpAddress address;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
    const auto part = take_number(text, 255);
    if (!part) return std::nullopt;
    address.bytes[i] = static_cast<std::uint8_t>(*part);
  }
  if (!text.empty()) return std::nullopt;
  return address;
}

std::optional<IpAddress> parse_ipv6(std::string_view text) {
  // Where the C string would end early, the rest would go unread.
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != text.npos) return std::nullopt;
  // RFC 4291 wants a dotted quad in the last 32 bits; not every inet_pton is strict about its
  // zeros.
  if (text.find('.') != text.npos && !parse_ipv4(text.substr(text.rfind(':') + 1))) {
    return std::nullopt;
  }
  IpAddress address;
  address.family = IpAddress::Family::v6;
  if (::inet_pton(AF_INET6, std::string(text).c_str(), address.bytes.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

std::optional<std::pair<IpAddress, std::uint16_t>> from_sockaddr(const sockaddr* address) {
  IpAddress ip;
  if (address->sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, address, sizeof in);
    std::memcpy(ip.bytes.data(), &in.sin_addr, 4);
    return std::pair(ip, ntohs(in.sin_port));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, address, sizeof in6);
    if (in6.sin6_scope_id != 0) return std::nullopt;
    ip.family = IpAddress::Family::v6;
    std::memcpy(ip.bytes.data(), &in6.sin6_addr, 16);
    return std::pair(ip, ntohs(in6.sin6_port));
  }
  return std::nullopt;
}

std::string to_text(const IpAddress& address) {
  const int family = address.family == IpAddress::Family::v4 ? AF_INET : AF_INET6;
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(family, address.bytes.data(), text, sizeof text);
  return text;
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  auto address = parse_ipv4(text.substr(0, slash));
  if (!address) address = parse_ipv6(text.substr(0, slash));
  if (!address) return std::nullopt;

  std::string_view rest = text.substr(slash + 1);
  const auto prefix = take_number(rest, bit_count(*address));
  if (!prefix || !rest.empty()) return std::nullopt;
  return Network{*address, *prefix};
}

Network without_host_bits(const Network& network) {
  Network masked = network;
  for (std::size_t i = 0; i < masked.address.bytes.size(); ++i) {
    masked.address.bytes[i] &= mask_of(network.prefix, i);
  }
  return masked;
}

bool contains(const Network& network, const IpAddress& address) {
  if (network.address.family != address.family) return false;
  for (std::size_t i = 0; i * 8 < network.prefix; ++i) {
    if ((network.address.bytes[i] ^ address.bytes[i]) & mask_of(network.prefix, i)) return false;
  }
  return true;
}

std::string to_text(const Network& network) {
  return fmt::format("{}/{}", to_text(network.address), network.prefix);
}

const DeniedNetwork* find_denied_network(const IpAddress& address) {
  // An entry that could not be read would stand for all of IPv4, and be seen at once.
  static const auto networks = [] {
    std::array<Network, std::size(kDeniedNetworks)> parsed;
    for (std::size_t i = 0; i < parsed.size(); ++i) {
      parsed[i] = parse_network(kDeniedNetworks[i].network).value_or(Network{});
    }
    return parsed;
  }();
  std::optional<std::size_t> smallest;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    if (!contains(networks[i], address)) continue;
    if (!smallest || networks[i].prefix > networks[*smallest].prefix) smallest = i;
  }
  return smallest ? &kDeniedNetworks[*smallest] : nullptr;
}

}  // namespace hookline::detail
