#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hookline/address_policy.hpp"

struct sockaddr;

namespace hookline::detail {

/// Four decimal numbers without leading zeros. The shorter, octal and hexadecimal forms that
/// `inet_aton` reads as well are not addresses here.
[[nodiscard]] std::optional<IpAddress> parse_ipv4(std::string_view text);

/// The forms of RFC 4291, section 2.2; no brackets, no zone id.
[[nodiscard]] std::optional<IpAddress> parse_ipv6(std::string_view text);

/// The address and the port of an AF_INET or AF_INET6 address that names no scope; nothing for any
/// other, so that what cannot be judged is not dialled. REQUIRES: as many bytes as the family has.
[[nodiscard]] std::optional<std::pair<IpAddress, std::uint16_t>> from_sockaddr(
    const sockaddr* address);

/// The canonical text: a dotted quad, or RFC 5952 without brackets.
[[nodiscard]] std::string to_text(const IpAddress& address);

/// The addresses that share their first `prefix` bits with `address`.
struct Network {
  IpAddress address;
  std::size_t prefix = 0;

  friend bool operator==(const Network& a, const Network& b) {
    return a.address.family == b.address.family && a.address.bytes == b.address.bytes &&
           a.prefix == b.prefix;
  }
};

/// `10.0.0.0/8`, `fd00::/8`. Bits after the prefix may be set; `without_host_bits` clears them.
[[nodiscard]] std::optional<Network> parse_network(std::string_view text);
[[nodiscard]] Network without_host_bits(const Network& network);
[[nodiscard]] bool contains(const Network& network, const IpAddress& address);
[[nodiscard]] std::string to_text(const Network& network);

/// A network that no webhook lives in, and what it is for.
struct DeniedNetwork {
  std::string_view network;
  std::string_view reason;
};

/// Both IANA special-purpose address registries (2025-10-09), multicast, deprecated IPv6 blocks,
/// IPv4 embedded in IPv6, and the metadata services of clouds.
inline constexpr DeniedNetwork kDeniedNetworks[] = {
    {"0.0.0.0/8", "this-network-rfc791"},
    {"10.0.0.0/8", "private-rfc1918"},
    {"100.64.0.0/10", "cgnat-rfc6598(+alibaba-100.100.100.200)"},
    {"127.0.0.0/8", "loopback-rfc1122"},
    {"168.63.129.16/32", "azure-wireserver(not-in-IANA)"},
    {"169.254.0.0/16", "link-local-rfc3927(IMDS,ECS)"},
    {"172.16.0.0/12", "private-rfc1918"},
    {"192.0.0.0/24", "ietf-protocol-rfc6890(+oracle-192.0.0.192)"},
    {"192.0.2.0/24", "test-net-1-rfc5737"},
    {"192.31.196.0/24", "as112-rfc7535"},
    {"192.52.193.0/24", "amt-rfc7450"},
    {"192.88.99.0/24", "6to4-relay-rfc7526"},
    {"192.168.0.0/16", "private-rfc1918"},
    {"192.175.48.0/24", "as112-rfc7534"},
    {"198.18.0.0/15", "benchmark-rfc2544"},
    {"198.51.100.0/24", "test-net-2-rfc5737"},
    {"203.0.113.0/24", "test-net-3-rfc5737"},
    {"224.0.0.0/4", "multicast-rfc5771"},
    {"240.0.0.0/4", "reserved-rfc1112"},
    {"255.255.255.255/32", "broadcast-rfc919"},
    {"::/128", "unspecified-rfc4291"},
    {"::1/128", "loopback-rfc4291"},
    {"::/96", "v4-compatible-rfc4291"},
    {"::ffff:0:0/96", "v4-mapped-rfc4291"},
    {"::ffff:0:0:0/96", "v4-translated-rfc2765"},
    {"64:ff9b::/96", "nat64-rfc6052"},
    {"64:ff9b:1::/48", "nat64-local-rfc8215"},
    {"100::/64", "discard-rfc6666"},
    {"100:0:0:1::/64", "dummy-rfc9780"},
    {"2001::/23", "ietf-protocol-rfc2928(teredo,orchid,drone,amt,anycast)"},
    {"2001::/32", "teredo-rfc4380"},
    {"2001:2::/48", "benchmark-rfc5180"},
    {"2001:10::/28", "orchid-rfc4843"},
    {"2001:20::/28", "orchidv2-rfc7343"},
    {"2001:30::/28", "drone-det-rfc9374"},
    {"2001:db8::/32", "documentation-rfc3849"},
    {"2002::/16", "6to4-rfc3056"},
    {"2620:4f:8000::/48", "as112-rfc7534"},
    {"3ffe::/16", "6bone-rfc3701"},
    {"3fff::/20", "documentation-rfc9637"},
    {"5f00::/16", "srv6-rfc9602"},
    {"fc00::/7", "ula-rfc4193(aws-fd00:ec2::254,gcp-fd20:ce::254)"},
    {"fe80::/10", "link-local-rfc4291"},
    {"fec0::/10", "site-local-rfc3879"},
    {"ff00::/8", "multicast-rfc4291"},
};

/// The smallest denied network that the address is in, or null. Thread-safe.
[[nodiscard]] const DeniedNetwork* find_denied_network(const IpAddress& address);

}  // namespace hookline::detail
