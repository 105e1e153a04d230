#include "hookline/address_policy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "send/ip_address.hpp"

using hookline::AddressPolicy;
using hookline::AddressPolicyOptions;
using hookline::ErrorCode;
using hookline::IpAddress;
using hookline::detail::from_sockaddr;
using hookline::detail::kDeniedNetworks;
using hookline::detail::Network;
using hookline::detail::parse_ipv4;
using hookline::detail::parse_ipv6;
using hookline::detail::parse_network;
using hookline::detail::to_text;

namespace {

IpAddress address_of(const std::string& text);
IpAddress last_of(const Network& network);
bool step(IpAddress& address, bool up);
AddressPolicy policy_with(std::vector<std::string> cidrs, std::vector<std::string> names = {},
                          std::vector<std::uint16_t> ports = {});

bool allowed(const IpAddress& address, const AddressPolicy& policy = AddressPolicy()) {
  return policy.check_address(address, 443).has_value();
}
bool allowed(const char* text, const AddressPolicy& policy = AddressPolicy()) {
  return allowed(address_of(text), policy);
}
bool name_allowed(const std::string& name, const AddressPolicy& policy = AddressPolicy()) {
  return policy.check_url("https://" + name + "/").has_value();
}
bool port_allowed(std::uint16_t port, const AddressPolicy& policy = AddressPolicy()) {
  return policy.check_address(address_of("1.1.1.1"), port).has_value();
}

TEST_CASE("the denied networks are those of cidr_deny.txt, word for word") {
  std::ifstream file(std::string(HOOKLINE_TEST_DATA) + "/cidr_deny.txt");
  REQUIRE(file);
  std::size_t i = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    REQUIRE(i < std::size(kDeniedNetworks));
    CHECK(line ==
          std::string(kDeniedNetworks[i].network) + ' ' + std::string(kDeniedNetworks[i].reason));
    ++i;
  }
  CHECK(i == std::size(kDeniedNetworks));
}

TEST_CASE("the first and the last address of every denied network are refused, with the reason") {
  for (const auto& denied : kDeniedNetworks) {
    INFO(denied.network);
    const auto network = parse_network(denied.network);
    REQUIRE(network);
    CHECK_FALSE(allowed(last_of(*network)));
    const auto first = AddressPolicy().check_address(network->address, 443);
    REQUIRE_FALSE(first);
    CHECK(first.error().code == ErrorCode::address_refused);
    CHECK_THAT(first.error().message, Catch::Contains("address " + to_text(network->address)));
    const auto smallest = hookline::detail::find_denied_network(network->address);
    CHECK_THAT(first.error().message, Catch::Contains(std::string(smallest->reason)));
  }
}

TEST_CASE("the neighbours of the denied networks are allowed") {
  const auto is_public = [](const IpAddress& address) {
    for (const auto& denied : kDeniedNetworks) {
      if (contains(*parse_network(denied.network), address)) return false;
    }
    return address.family == IpAddress::Family::v4 || address.bytes[0] >> 5 == 1;
  };
  std::size_t neighbours = 0;
  for (const auto& denied : kDeniedNetworks) {
    const Network network = *parse_network(denied.network);
    for (const bool up : {false, true}) {
      IpAddress neighbour = up ? last_of(network) : network.address;
      if (!step(neighbour, up) || !is_public(neighbour)) continue;
      INFO(to_text(neighbour) << " beside " << denied.network);
      CHECK(allowed(neighbour));
      ++neighbours;
    }
  }
  CHECK(neighbours > 35);
}

TEST_CASE("IPv6 outside 2000::/3 is refused, listed or not") {
  CHECK(allowed("2000::1"));
  CHECK(allowed("3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  CHECK_FALSE(allowed("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  CHECK_FALSE(allowed("4000::"));
  CHECK_FALSE(allowed("e000::1"));
}

TEST_CASE("ISATAP interface ids are refused under any prefix") {
  CHECK_FALSE(allowed("2606:4700::5efe:a00:1"));
  CHECK_FALSE(allowed("2606:4700::200:5efe:808:808"));
  CHECK(allowed("2606:4700::100:5efe:808:808"));
  CHECK(allowed("2606:4700::5eff:a00:1"));
  CHECK(allowed("2606:4700::5efe:1"));
}

TEST_CASE("IPv4-mapped addresses are refused whatever is allowed") {
  const AddressPolicy open = policy_with({"0.0.0.0/0", "::/0", "::ffff:0:0/96"});
  CHECK(allowed("127.0.0.1", open));
  CHECK(allowed("::1", open));
  CHECK_FALSE(allowed("::ffff:127.0.0.1", open));
  CHECK_FALSE(allowed("::ffff:8.8.8.8", open));
  CHECK_FALSE(open.check_url("https://[::ffff:8.8.8.8]/"));
}

TEST_CASE("an allowed network opens itself and nothing beside it") {
  const AddressPolicy policy = policy_with({"127.0.0.2/32", "fd00::/8", "10.1.0.0/16"});
  CHECK(allowed("127.0.0.2", policy));
  CHECK_FALSE(allowed("127.0.0.1", policy));
  CHECK_FALSE(allowed("127.0.0.3", policy));
  CHECK(allowed("fd12::5efe:a00:1", policy));
  CHECK_FALSE(allowed("fc00::1", policy));
  CHECK(allowed("10.1.255.255", policy));
  CHECK_FALSE(allowed("10.2.0.0", policy));
  CHECK(policy.check_url("https://127.0.0.2:8443/"));
  CHECK_FALSE(name_allowed("localhost", policy));
}

TEST_CASE("an allowed network opens its own address family only") {
  const AddressPolicy policy = policy_with({"100.0.0.0/8"});  // 0x64, the first byte of 6400::
  CHECK(allowed("100.64.0.1", policy));
  CHECK_FALSE(allowed("6400::1", policy));
}

TEST_CASE("a refusal names the smallest network that the address is in") {
  const auto reason = [](const char* text) {
    return AddressPolicy().check_address(address_of(text), 443).error().message;
  };
  CHECK_THAT(reason("2001:2::1"), Catch::Contains("benchmark-rfc5180"));
  CHECK_THAT(reason("255.255.255.255"), Catch::Contains("broadcast-rfc919"));
  CHECK_THAT(reason("::1"), Catch::Contains("loopback-rfc4291"));
  CHECK_THAT(reason("::ffff:10.0.0.1"), Catch::Contains("v4-mapped-rfc4291"));
}

TEST_CASE("a network in options must be written as one, and errors name the entry") {
  for (const char* cidr : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10/8",
                           "10.0.0.0/-1", "10.0.0.0/8 ", "fd00::/129", "[fd00::]/8", "example.com",
                           "fe80::%1/10", "10.0.0.0/18446744073709551624", "010.0.0.0/8"}) {
    INFO(cidr);
    AddressPolicyOptions options;
    options.allow_cidrs = {"127.0.0.0/8", cidr};
    const auto policy = AddressPolicy::create(options);
    REQUIRE_FALSE(policy);
    CHECK(policy.error().code == ErrorCode::invalid_address_policy);
    CHECK_THAT(policy.error().message, Catch::StartsWith("allow_cidrs[1]: "));
  }
}

TEST_CASE("a network with bits after its prefix is an error that gives the right form") {
  AddressPolicyOptions options;
  options.allow_cidrs = {"10.1.2.3/9"};
  CHECK(AddressPolicy::create(options).error().message ==
        "allow_cidrs[0]: \"10.1.2.3/9\" has bits set after its prefix; write 10.0.0.0/9");
  options.allow_cidrs = {"fd00::1/127"};
  CHECK_THAT(AddressPolicy::create(options).error().message, Catch::EndsWith("write fd00::/127"));
}

TEST_CASE("internal names are refused, and names that only look like them are not") {
  for (const char* name : {"localhost", "LOCALHOST.", "a.localhost", "localhost.localdomain",
                           "a.localhost.localdomain", "a.local", "a.b.internal", "a.svc", "a.lan",
                           "a.corp", "a.intranet", "1.in-addr.arpa", "a.test", "a.invalid",
                           "a.onion", "Metadata.AmazonAWS.com", "metadata", "com"}) {
    INFO(name);
    CHECK_FALSE(name_allowed(name));
  }
  for (const char* name : {"mylocal.dev", "a.notlocal", "local.example", "localdomain.example",
                           "x.metadata.amazonaws.com", "notmetadata.amazonaws.com"}) {
    INFO(name);
    CHECK(name_allowed(name));
  }
}

TEST_CASE("an allowed name opens itself, or everything below it with a dot in front") {
  const AddressPolicy policy = policy_with({}, {"Receiver.Internal.", ".svc", "localhost"});
  CHECK(name_allowed("receiver.internal", policy));
  CHECK(name_allowed("RECEIVER.internal.", policy));
  CHECK_FALSE(name_allowed("a.receiver.internal", policy));
  CHECK_FALSE(name_allowed("other.internal", policy));
  CHECK(name_allowed("a.svc", policy));
  CHECK(name_allowed("a.b.svc", policy));
  CHECK_FALSE(name_allowed("svc", policy));
  CHECK(name_allowed("localhost", policy));
  CHECK_FALSE(name_allowed("a.localhost", policy));
}

TEST_CASE("a name in options must be a name, and errors name the entry") {
  for (const char* name : {"", ".", "..svc", "a b", "*.svc", "10.0.0.1", "[::1]", "bücher.example",
                           "https://a.svc", "a.svc:80", "-a.svc"}) {
    INFO(name);
    AddressPolicyOptions options;
    options.allow_names = {name};
    const auto policy = AddressPolicy::create(options);
    REQUIRE_FALSE(policy);
    CHECK(policy.error().code == ErrorCode::invalid_address_policy);
    CHECK_THAT(policy.error().message, Catch::StartsWith("allow_names[0]: "));
  }
}

TEST_CASE("ports of the web and unprivileged ones are allowed, those of other services are not") {
  for (const int port : {80, 443, 1024, 3000, 5433, 8080, 8443, 10079, 65535}) {
    INFO(port);
    CHECK(port_allowed(static_cast<std::uint16_t>(port)));
  }
  for (const int port :
       {0,    1,    22,   25,   79,   81,   442,  444,  1023,  1719,  1720,  1723, 2049, 2375,
        2376, 2379, 3306, 3659, 4045, 4190, 5060, 5061, 5432,  6000,  6379,  6566, 6665, 6666,
        6667, 6668, 6669, 6679, 6697, 9042, 9200, 9300, 10080, 10250, 11211, 27017}) {
    INFO(port);
    CHECK_FALSE(port_allowed(static_cast<std::uint16_t>(port)));
    if (port > 0) {
      CHECK_FALSE(AddressPolicy().check_url("https://example.com:" + std::to_string(port)));
    }
  }
}

TEST_CASE("an allowed port opens itself; there is no port 0 to allow") {
  const AddressPolicy policy = policy_with({}, {}, {22, 6379});
  CHECK(port_allowed(22, policy));
  CHECK(policy.check_url("https://example.com:6379/"));
  CHECK_FALSE(port_allowed(23, policy));

  AddressPolicyOptions options;
  options.allow_ports = {0};
  CHECK(AddressPolicy::create(options).error().code == ErrorCode::invalid_address_policy);
}

TEST_CASE("a policy can be copied and asked from many threads at once") {
  std::vector<std::thread> threads;
  std::vector<int> refused(4);
  const AddressPolicy policy;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([copy = policy, &count = refused[static_cast<std::size_t>(t)]] {
      for (int i = 0; i < 1000; ++i) count += copy.check_url("https://10.0.0.1/") ? 0 : 1;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(refused == std::vector<int>(4, 1000));
}

TEST_CASE("IPv6 text is read as RFC 4291 says and written as RFC 5952 says") {
  for (const auto& [text, canonical] : std::vector<std::pair<const char*, const char*>>{
           {"::", "::"},
           {"::1", "::1"},
           {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
           {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
           {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
           {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"}}) {
    INFO(text);
    CHECK(to_text(address_of(text)) == canonical);
  }
  for (const char* text : {"", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
                           "::12345", "::g", "fe80::1%eth0", "::1 ", " ::1", "::01.2.3.4",
                           "::1.2.3", "::1.2.3.4.5", "1.2.3.4", "[::1]", "::1.2.3.4:5"}) {
    INFO(text);
    CHECK_FALSE(parse_ipv6(text));
  }
  CHECK_FALSE(parse_ipv6(std::string_view("::1\0x", 5)));
}

TEST_CASE("a socket address gives its address and port") {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(8443);
  in.sin_addr.s_addr = htonl(0x7f000001);
  const auto v4 = from_sockaddr(reinterpret_cast<const sockaddr*>(&in));
  REQUIRE(v4);
  CHECK(to_text(v4->first) == "127.0.0.1");
  CHECK(v4->second == 8443);

  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(443);
  in6.sin6_addr = in6addr_loopback;
  const auto v6 = from_sockaddr(reinterpret_cast<const sockaddr*>(&in6));
  REQUIRE(v6);
  CHECK(to_text(v6->first) == "::1");
  CHECK(v6->second == 443);
}

TEST_CASE("a socket address with a scope or of another family gives nothing") {
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_scope_id = 1;
  CHECK_FALSE(from_sockaddr(reinterpret_cast<const sockaddr*>(&in6)));
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  CHECK_FALSE(from_sockaddr(reinterpret_cast<const sockaddr*>(&un)));
}

IpAddress address_of(const std::string& text) {
  const auto v4 = parse_ipv4(text);
  const auto address = v4 ? v4 : parse_ipv6(text);
  REQUIRE(address);
  return *address;
}

IpAddress last_of(const Network& network) {
  IpAddress last = network.address;
  const std::size_t bits = last.family == IpAddress::Family::v4 ? 32 : 128;
  for (std::size_t bit = network.prefix; bit < bits; ++bit) {
    last.bytes[bit / 8] = static_cast<std::uint8_t>(last.bytes[bit / 8] | (0x80u >> (bit % 8)));
  }
  return last;
}

/// The next address up or down; false where there is none.
bool step(IpAddress& address, bool up) {
  const std::size_t size = address.family == IpAddress::Family::v4 ? 4 : 16;
  for (std::size_t i = size; i-- > 0;) {
    const std::uint8_t before = address.bytes[i];
    address.bytes[i] = static_cast<std::uint8_t>(up ? before + 1 : before - 1);
    if (before != (up ? 0xff : 0)) return true;
  }
  return false;
}

AddressPolicy policy_with(std::vector<std::string> cidrs, std::vector<std::string> names,
                          std::vector<std::uint16_t> ports) {
  AddressPolicyOptions options;
  options.allow_cidrs = std::move(cidrs);
  options.allow_names = std::move(names);
  options.allow_ports = std::move(ports);
  return AddressPolicy::create(options).value();
}

}  // namespace
