#include "send/url.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "catch.hpp"
#include "send/ip_address.hpp"
#include "send/url_rows.hpp"

using hookline::AddressPolicy;
using hookline::AddressPolicyOptions;
using hookline::ErrorCode;
using hookline::IpAddress;
using hookline::detail::parse_host;
using hookline::detail::parse_ipv4;
using hookline::detail::parse_ipv6;
using hookline::detail::parse_url;
using hookline::test::in_both_locales;
using hookline::test::read_rows;

namespace {

std::string as_http(std::string url);
AddressPolicy http_policy();

std::string message_for(const std::string& url) {
  const auto checked = AddressPolicy().check_url(url);
  REQUIRE_FALSE(checked);
  return checked.error().message;
}

ErrorCode code_for(const std::string& url) {
  const auto checked = AddressPolicy().check_url(url);
  REQUIRE_FALSE(checked);
  return checked.error().code;
}

TEST_CASE("every URL of the refused list is refused, with https and with http") {
  in_both_locales([] {
    std::size_t refused = 0;
    for (const auto& row : read_rows("urls_refused.txt")) {
      if (row[1] == "dns") continue;
      INFO(row[0] << " (" << row[2] << ")");
      const auto checked = AddressPolicy().check_url(row[0]);
      REQUIRE_FALSE(checked);
      CHECK(checked.error().message.rfind("url: ", 0) == 0);
      if (row[2] != "scheme-http-needs-opt-in")
        CHECK_FALSE(http_policy().check_url(as_http(row[0])));
      ++refused;
    }
    CHECK(refused > 130);
  });
}

TEST_CASE("every URL of the accepted list is accepted, with https and with http") {
  in_both_locales([] {
    const auto rows = read_rows("urls_accepted.txt");
    CHECK(rows.size() > 35);
    for (const auto& row : rows) {
      INFO(row[0] << " (" << row[1] << ")");
      CHECK(AddressPolicy().check_url(row[0]));
      CHECK(http_policy().check_url(as_http(row[0])));
    }
  });
}

TEST_CASE(
    "a name that resolves to an internal address passes as a URL and fails when it is dialled") {
  for (const auto& row : read_rows("urls_refused.txt")) {
    if (row[1] != "dns") continue;
    INFO(row[0]);
    CHECK(AddressPolicy().check_url(row[0]));
    const std::string last = row[4].substr(row[4].rfind(';') + 1);
    const auto address = last.find(':') == last.npos ? parse_ipv4(last) : parse_ipv6(last);
    REQUIRE(address);
    CHECK_FALSE(AddressPolicy().check_address(*address, 443));
  }
}

TEST_CASE("a checked URL says where it goes in one spelling") {
  const auto url = AddressPolicy().check_url("HTTPS://Hooks.Example.COM.:0443/In/x?token=1#top");
  REQUIRE(url);
  CHECK(url->https);
  CHECK(url->host == "hooks.example.com");
  CHECK(url->port == 443);
  CHECK(url->origin == "https://hooks.example.com");
  CHECK(url->without_query == "HTTPS://Hooks.Example.COM.:0443/In/x");
}

TEST_CASE("the origin keeps a port that is not the scheme's own") {
  CHECK(AddressPolicy().check_url("https://example.com:8443")->origin ==
        "https://example.com:8443");
  CHECK(AddressPolicy().check_url("https://example.com:80")->origin == "https://example.com:80");
  CHECK(http_policy().check_url("http://example.com")->port == 80);
  CHECK(http_policy().check_url("http://example.com:80")->origin == "http://example.com");
  CHECK(http_policy().check_url("http://example.com:443")->origin == "http://example.com:443");
}

TEST_CASE("an IPv6 host has brackets in the origin only, and one spelling") {
  const auto url = AddressPolicy().check_url("https://[2606:4700:0:0::0000:1111]:8443/x");
  REQUIRE(url);
  CHECK(url->host == "2606:4700::1111");
  CHECK(url->origin == "https://[2606:4700::1111]:8443");
}

TEST_CASE("a fragment is allowed and ends what may be logged") {
  CHECK(AddressPolicy().check_url("https://example.com#a?b")->without_query ==
        "https://example.com");
  CHECK(AddressPolicy().check_url("https://example.com?a#b")->without_query ==
        "https://example.com");
}

TEST_CASE("a port is a number from 1 to 65535 and nothing else") {
  CHECK(parse_url("https://example.com:1")->port == 1);
  CHECK(parse_url("https://example.com:65535")->port == 65535);
  CHECK(parse_url("https://example.com:000000065535")->port == 65535);
  for (const char* port : {"", "0", "00", "65536", "4294967739", "18446744073709552059", "+443",
                           "-1", "443x", "0x1bb", "4 43", "443:", ":443"}) {
    INFO(port);
    CHECK_FALSE(parse_url("https://example.com:" + std::string(port) + "/"));
    CHECK_FALSE(parse_url("https://[2606:4700::1]:" + std::string(port) + "/"));
  }
  CHECK_FALSE(parse_url("https://[2606:4700::1]443/"));
}

TEST_CASE("URLs, names and labels may be as long as their limits and not longer") {
  const std::string label(63, 'a');
  const std::string name = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  CHECK(parse_host(name));
  CHECK(parse_host(name + '.'));
  CHECK_FALSE(parse_host(name + 'a'));
  CHECK_FALSE(parse_host(label + "a.example.com"));

  const std::string start = "https://example.com/";
  CHECK(parse_url(start + std::string(2048 - start.size(), 'x')));
  CHECK_FALSE(parse_url(start + std::string(2049 - start.size(), 'x')));
}

TEST_CASE("only visible ASCII without a backslash is read, anywhere in a URL") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    INFO(byte);
    const bool allowed = byte > 0x20 && byte < 0x7f && byte != '\\';
    CHECK(parse_url("https://example.com/a" + c + "b").has_value() == allowed);
    CHECK(parse_url("https://example.com/?a" + c + "b").has_value() == allowed);
    const bool in_host = allowed && (std::isalnum(byte) || c == "-" || c == "_" || c == "." ||
                                     c == "/" || c == "?" || c == "#");
    CHECK(parse_url("https://aa" + c + "bb.example.com").has_value() == in_host);
  }
}

TEST_CASE("a host whose last label is a number must be a plain IPv4 address") {
  CHECK(parse_host("1.2.3.4")->address);
  CHECK_FALSE(parse_host("1.2.3.4.example")->address);
  CHECK(parse_host("example.1a"));
  for (const char* host :
       {"1.2.3", "1.2.3.4.5", "1.2.3.04", "01.2.3.4", "1.2.3.256", "1.2.3.4.", "example.1",
        "example.0x1", "0X7f.1", "example.0x", "example.0X1", "1.2.3.4294967296"}) {
    INFO(host);
    CHECK_FALSE(parse_host(host));
  }
}

TEST_CASE("a label neither begins nor ends with a hyphen") {
  CHECK(parse_host("a-b.example.com"));
  CHECK(parse_host("_a_.example.com"));
  for (const char* host : {"-a.example.com", "a-.example.com", "a.-b.com", "example.com-", "-"}) {
    INFO(host);
    CHECK_FALSE(parse_host(host));
  }
}

TEST_CASE("hosts that another parser gives back compare after parse_host") {
  CHECK(parse_host("[2606:4700:0::1]")->text == parse_host("[2606:4700::0001]")->text);
  CHECK(parse_host("Example.COM.")->text == parse_host("example.com")->text);
  CHECK_FALSE(parse_host(""));
  CHECK_FALSE(parse_host("."));
  CHECK_FALSE(parse_host("["));
  CHECK_FALSE(parse_host("[]"));
  CHECK_FALSE(parse_host("2606:4700::1"));
}

TEST_CASE("an error shows no user name, password, path or query") {
  for (const char* url :
       {"https://hunter2:hunter3@example.com/", "https://x.test/hunter2?token=hunter3",
        "https://x.example.com:hunter2/", "https://user:hunter2/x@example.com/",
        "https://10.0.0.1/?hunter2", "http://example.com/?hunter2", "https://a/#hunter2",
        "hunter2?x=://", "https://example.com:22/?hunter2", "https://example.com/?hunter2\n",
        "https://[::1]/hunter2", "https://[::1%25hunter2]/", "https://1.2/hunter2"}) {
    INFO(url);
    CHECK(message_for(url).find("hunter") == std::string::npos);
  }
}

TEST_CASE("an error names the way out") {
  CHECK(message_for("http://example.com/") ==
        "url: scheme http is refused; use https or ask the operator to allow http");
  CHECK(message_for("ftp://example.com/") == "url: scheme ftp is refused; use https");
  CHECK_THAT(message_for("https://bücher.example.com/"), Catch::Contains("punycode form (xn--"));
  CHECK_THAT(message_for("https://b%C3%BC.example.com/"), Catch::Contains("punycode form (xn--"));
  CHECK_THAT(message_for("https://a@example.com/"), Catch::Contains("credentials"));
  CHECK_THAT(message_for("https://0x7f.1/"), Catch::Contains("four decimal numbers"));
  CHECK_THAT(message_for("https://10.0.0.1/"), Catch::Contains("address 10.0.0.1 is refused"));
}

TEST_CASE("what cannot be read and what is refused have different codes") {
  CHECK(code_for("example.com") == ErrorCode::invalid_url);
  CHECK(code_for("ftp://example.com") == ErrorCode::invalid_url);
  CHECK(code_for("https://example.com:0") == ErrorCode::invalid_url);
  CHECK(code_for("http://example.com") == ErrorCode::address_refused);
  CHECK(code_for("https://example.com:22") == ErrorCode::address_refused);
  CHECK(code_for("https://localhost") == ErrorCode::address_refused);
  CHECK(code_for("https://127.0.0.1") == ErrorCode::address_refused);
}

std::string as_http(std::string url) {
  if (url.rfind("https://", 0) == 0) url.erase(4, 1);
  if (url.rfind("HTTPS://", 0) == 0) url.erase(4, 1);
  return url;
}

AddressPolicy http_policy() {
  AddressPolicyOptions options;
  options.allow_http = true;
  return AddressPolicy::create(options).value();
}

}  // namespace
