#include "hookline/address_policy.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "send/ip_address.hpp"
#include "send/url.hpp"

namespace hookline {

using detail::fail;
using detail::fail_in;
using detail::Host;
using detail::Network;
using detail::to_text;

struct AddressPolicy::Rules {
  bool allow_http = false;
  std::vector<Network> networks;
  std::vector<std::string> names;
  std::vector<std::uint16_t> ports;

  [[nodiscard]] Result<void> check_scheme(bool https) const;
  [[nodiscard]] Result<void> check_port(std::uint16_t port) const;
  [[nodiscard]] Result<void> check_name(const std::string& name) const;
  [[nodiscard]] Result<void> check_address(const IpAddress& address) const;
  [[nodiscard]] bool equals(const Rules& other) const;
};

namespace {

/// Names that mean this machine, its network or nothing, and everything below them: RFC 6761,
/// RFC 6762 with its appendix G, RFC 7686, RFC 3172, ICANN's .internal, and what containers use.
constexpr std::string_view kRefusedDomains[] = {
    "localhost", "localhost.localdomain",
    "local",     "internal",
    "svc",       "lan",
    "corp",      "intranet",
    "arpa",      "test",
    "invalid",   "onion",
};

/// Public names that lead to the metadata service of a cloud.
constexpr std::string_view kRefusedNames[] = {"metadata.amazonaws.com"};

/// From 1024 up: what browsers block (WHATWG Fetch, "bad port"), and data stores and control
/// planes that do not ask who is calling.
constexpr std::uint16_t kRefusedPorts[] = {1719, 1720, 1723, 2049,  2375,  2376,  2379, 3306,
                                           3659, 4045, 4190, 5060,  5061,  5432,  6000, 6379,
                                           6566, 6665, 6666, 6667,  6668,  6669,  6679, 6697,
                                           9042, 9200, 9300, 10080, 10250, 11211, 27017};

Result<Network> read_network(std::string_view text);
Result<std::string> read_name(std::string_view text);
bool is_below(std::string_view name, std::string_view domain);
bool is_isatap(const IpAddress& address);
bool is_mapped(const IpAddress& address);

constexpr Network kGlobalUnicast = {{IpAddress::Family::v6, {0x20}}, 3};  // RFC 4291, 2.4

template <class Range, class Value>
bool has(const Range& range, const Value& value) {
  return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

}  // namespace

/// One for all: every request begins with it.
AddressPolicy::AddressPolicy() {
  static const auto strict = std::make_shared<const Rules>();
  rules_ = strict;
}

AddressPolicy::AddressPolicy(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

Result<AddressPolicy> AddressPolicy::create(const AddressPolicyOptions& options) {
  Rules rules;
  rules.allow_http = options.allow_http;
  for (std::size_t i = 0; i < options.allow_cidrs.size(); ++i) {
    auto network = read_network(options.allow_cidrs[i]);
    if (!network) return fail_in(fmt::format("allow_cidrs[{}]", i), network.error());
    rules.networks.push_back(*network);
  }
  for (std::size_t i = 0; i < options.allow_names.size(); ++i) {
    auto name = read_name(options.allow_names[i]);
    if (!name) return fail_in(fmt::format("allow_names[{}]", i), name.error());
    rules.names.push_back(*std::move(name));
  }
  if (has(options.allow_ports, 0)) {
    return fail(ErrorCode::invalid_address_policy, "allow_ports: there is no port 0");
  }
  rules.ports = options.allow_ports;
  return AddressPolicy(std::make_shared<const Rules>(std::move(rules)));
}

Result<CheckedUrl> AddressPolicy::check_url(std::string_view url) const {
  auto parsed = detail::parse_url(url);
  if (!parsed) return fail_in("url", parsed.error());
  const Host& host = parsed->host;
  auto checked = rules_->check_scheme(parsed->https);
  if (checked) checked = rules_->check_port(parsed->port);
  if (checked) {
    checked = host.address ? rules_->check_address(*host.address) : rules_->check_name(host.text);
  }
  if (!checked) return fail_in("url", checked.error());
  return CheckedUrl{parsed->https, host.text, parsed->port, detail::origin_of(*parsed),
                    std::string(detail::without_query(url))};
}

Result<void> AddressPolicy::check_address(const IpAddress& address, std::uint16_t port) const {
  if (auto checked = rules_->check_port(port); !checked) return checked;
  return rules_->check_address(address);
}

bool operator==(const AddressPolicy& a, const AddressPolicy& b) {
  return a.rules_ == b.rules_ || a.rules_->equals(*b.rules_);
}

bool AddressPolicy::Rules::equals(const Rules& other) const {
  return allow_http == other.allow_http && networks == other.networks && names == other.names &&
         ports == other.ports;
}

Result<void> AddressPolicy::Rules::check_scheme(bool https) const {
  if (https || allow_http) return {};
  return fail(ErrorCode::address_refused,
              "scheme http is refused; use https or ask the operator to allow http");
}

Result<void> AddressPolicy::Rules::check_port(std::uint16_t port) const {
  const bool usual = port == 80 || port == 443 || (port >= 1024 && !has(kRefusedPorts, port));
  if (usual || has(ports, port)) return {};
  return fail(ErrorCode::address_refused,
              "port {} is refused; use 443 or ask the operator to allow the port", port);
}

Result<void> AddressPolicy::Rules::check_name(const std::string& name) const {
  const auto allows = [&](const std::string& allowed) {
    return allowed == name ||
           (allowed.front() == '.' && is_below(name, std::string_view(allowed).substr(1)));
  };
  if (std::any_of(names.begin(), names.end(), allows)) return {};

  const auto covers = [&](std::string_view domain) {
    return name == domain || is_below(name, domain);
  };
  const bool internal = name.find('.') == name.npos || has(kRefusedNames, name) ||
                        std::any_of(std::begin(kRefusedDomains), std::end(kRefusedDomains), covers);
  if (!internal) return {};
  return fail(ErrorCode::address_refused,
              "host {} is refused, it is an internal name; use a public one or ask the operator to "
              "allow the name",
              detail::quoted(name));
}

Result<void> AddressPolicy::Rules::check_address(const IpAddress& address) const {
  const auto refused = [&](std::string_view reason) {
    return fail(ErrorCode::address_refused, "address {} is refused ({}){}", to_text(address),
                reason,
                is_mapped(address) ? "; use the IPv4 address itself"
                                   : "; use a public one or ask the operator to allow its network");
  };
  const auto* denied = detail::find_denied_network(address);
  // Two spellings of one address are one too many for a check, so no allow-list opens this one.
  if (is_mapped(address)) return refused(denied->reason);

  const auto allows = [&](const Network& network) { return contains(network, address); };
  if (std::any_of(networks.begin(), networks.end(), allows)) return {};
  if (denied) return refused(denied->reason);
  if (address.family == IpAddress::Family::v4) return {};
  if (!contains(kGlobalUnicast, address)) return refused("outside-2000::/3");
  if (is_isatap(address)) return refused("isatap-rfc5214");
  return {};
}

namespace {

Result<Network> read_network(std::string_view text) {
  const auto network = detail::parse_network(text);
  if (!network) {
    return fail(ErrorCode::invalid_address_policy,
                "{} is not a network; write it like 10.0.0.0/8 or fd00::/8", detail::quoted(text));
  }
  const Network masked = without_host_bits(*network);
  if (masked.address.bytes != network->address.bytes) {
    return fail(ErrorCode::invalid_address_policy, "{} has bits set after its prefix; write {}",
                detail::quoted(text), to_text(masked));
  }
  return masked;
}

/// A name in lower case, with the dot in front that stands for everything below it.
Result<std::string> read_name(std::string_view text) {
  const bool below = !text.empty() && text.front() == '.';
  const auto host = detail::parse_host(below ? text.substr(1) : text);
  if (!host) {
    return fail(ErrorCode::invalid_address_policy, "{} is not a host name: {}",
                detail::quoted(text), host.error().message);
  }
  if (host->address) {
    return fail(ErrorCode::invalid_address_policy, "{} is an address; use allow_cidrs",
                detail::quoted(text));
  }
  return (below ? "." : "") + host->text;
}

bool is_below(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() + 1 && name.substr(name.size() - domain.size()) == domain &&
         name[name.size() - domain.size() - 1] == '.';
}

/// RFC 5214, 6.1: an interface identifier that carries an IPv4 address to tunnel to.
bool is_isatap(const IpAddress& address) {
  const auto& bytes = address.bytes;
  return (bytes[8] == 0 || bytes[8] == 2) && bytes[9] == 0 && bytes[10] == 0x5e &&
         bytes[11] == 0xfe;
}

bool is_mapped(const IpAddress& address) {
  const Network mapped = {{IpAddress::Family::v6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}}, 96};
  return contains(mapped, address);
}

}  // namespace
}  // namespace hookline
