#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/export.hpp"
#include "hookline/result.hpp"

namespace hookline {

/// An IP address in network byte order; an IPv4 address fills the first four bytes.
struct IpAddress {
  enum class Family { v4, v6 };
  Family family = Family::v4;
  std::array<std::uint8_t, 16> bytes{};
};

/// The parts of a URL that a policy has accepted.
struct CheckedUrl {
  bool https = true;
  std::string host;  ///< lower case, no brackets, no final dot; an address in canonical form
  std::uint16_t port = 443;
  std::string origin;         ///< `https://host:port`, the default port left out, IPv6 in brackets
  std::string without_query;  ///< the URL up to `?` or `#`, fit for a log
};

/// What a host opens beyond the defaults of `AddressPolicy`.
struct AddressPolicyOptions {
  bool allow_http = false;
  /// Networks that may be dialled although they are on the deny list: `127.0.0.0/8`, `fd00::/8`,
  /// written without bits after the prefix. IPv4-mapped IPv6 addresses stay refused whatever
  /// stands here.
  std::vector<std::string> allow_cidrs;
  /// Host names that the name rules would refuse: `receiver.internal`, or `.svc` for all below.
  /// What such a name resolves to is still checked.
  std::vector<std::string> allow_names;
  /// Ports beyond the default ones; 0 is none.
  std::vector<std::uint16_t> allow_ports;
};

/// Decides which addresses hookline talks to. Every URL comes from a stranger, so the default is
/// strict: https only, no user information, ASCII host names, no internal names, no private or
/// special-purpose address, port 80, 443 or one from 1024 up that is not a well-known data store or
/// blocked by browsers.
///
/// URLs are checked when a webhook is stored and before each request; addresses are checked when
/// they are dialled and again when a connection is reused, which is what defeats DNS rebinding.
///
/// An immutable value, cheap to copy, usable from any thread.
class HOOKLINE_API AddressPolicy {
 public:
  /// The strict default.
  AddressPolicy();
  /// `ErrorCode::invalid_address_policy` names the entry that cannot be read.
  [[nodiscard]] static Result<AddressPolicy> create(const AddressPolicyOptions& options);

  /// `ErrorCode::invalid_url` (it is malformed, longer than 2048 bytes or carries a user name) or
  /// `address_refused` (its scheme, port, name or literal address is). A fragment is allowed, and
  /// never sent. Messages begin with `url: ` and show the host and the port at most.
  [[nodiscard]] Result<CheckedUrl> check_url(std::string_view url) const;

  /// Whether this address may be dialled at this port: `ErrorCode::address_refused` names what is
  /// refused and the reason.
  [[nodiscard]] Result<void> check_address(const IpAddress& address, std::uint16_t port) const;

  /// Whether they were made from the same options.
  friend HOOKLINE_API bool operator==(const AddressPolicy& a, const AddressPolicy& b);
  friend bool operator!=(const AddressPolicy& a, const AddressPolicy& b) { return !(a == b); }

 private:
  struct Rules;
  explicit AddressPolicy(std::shared_ptr<const Rules> rules);
  std::shared_ptr<const Rules> rules_;
};

}  // namespace hookline
