// Every URL of the lists in tests/data through the whole transport. This program has its own
// connect in front of the system's, so that what is dialled is seen, and nothing leaves the
// machine.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <mutex>

#include "catch.hpp"
#include "send/curl_transport_fixture.hpp"
#include "send/ip_address.hpp"
#include "send/url_rows.hpp"

using namespace hookline;
using test::in_both_locales;
using test::read_rows;

namespace {

/// While one lives, every connection is refused in the kernel's place, and remembered.
class Dialled {
 public:
  Dialled() {
    const std::lock_guard lock(mutex());
    addresses() = std::vector<std::string>();
  }
  Dialled(const Dialled&) = delete;
  Dialled& operator=(const Dialled&) = delete;
  ~Dialled() {
    const std::lock_guard lock(mutex());
    addresses().reset();
  }

  [[nodiscard]] std::vector<std::string> all() const {
    const std::lock_guard lock(mutex());
    return *addresses();
  }

  /// False if nobody watches.
  static bool note(const sockaddr* address) {
    const std::lock_guard lock(mutex());
    if (!addresses()) return false;
    const auto target = detail::from_sockaddr(address);
    addresses()->push_back(
        target ? detail::to_text(target->first) + " " + std::to_string(target->second) : "?");
    return true;
  }

 private:
  static std::mutex& mutex() {
    static std::mutex made;
    return made;
  }
  static std::optional<std::vector<std::string>>& addresses() {
    static std::optional<std::vector<std::string>> made;
    return made;
  }
};

bool is_of_the_network(const sockaddr* address) {
  return address->sa_family == AF_INET || address->sa_family == AF_INET6;
}

/// Sends to a URL whose host resolves to this, if it is not empty.
HttpResult send_to(const std::string& url, const AddressPolicy& policy, std::string address = "") {
  CurlTransportOptions options;
  const auto checked = policy.check_url(url);
  if (checked && !address.empty()) {
    if (address.find(':') != std::string::npos) address = '[' + address + ']';
    const std::string entry = ":" + std::to_string(checked->port) + ":" + address;
    options.resolve = {checked->host + entry, checked->host + "." + entry};
  }
  const auto transport = make_transport(options);
  return deliver(*transport, request_to(url, policy));
}

std::string as_http(std::string url) {
  const std::string scheme = url.substr(0, 8);
  if (scheme == "https://" || scheme == "HTTPS://") url.erase(4, 1);
  return url;
}

}  // namespace

extern "C" int connect(int socket, const sockaddr* address, socklen_t size) {
  using Function = int (*)(int, const sockaddr*, socklen_t);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "connect"));
  if (!is_of_the_network(address) || !Dialled::note(address)) return real(socket, address, size);
  errno = ECONNREFUSED;
  return -1;
}

TEST_CASE("No URL of the refused list is dialled, with https and with http, in either locale") {
  const Dialled dialled;
  const AddressPolicy with_http = policy_for({});
  in_both_locales([&] {
    for (const auto& row : read_rows("urls_refused.txt")) {
      if (row[1] == "dns") continue;
      CAPTURE(row[0], row[2]);
      const HttpResult result = send_to(row[0], AddressPolicy());
      REQUIRE(outcome(result) == "policy");
      CHECK(result.error().permanent);
      if (row[2] == "scheme-http-needs-opt-in") continue;
      CHECK(outcome(send_to(as_http(row[0]), with_http)) == "policy");
    }
  });
  CHECK(dialled.all().empty());
}

TEST_CASE(
    "A name of the refused list that leads to an internal address is looked up, not dialled") {
  for (const auto& row : read_rows("urls_refused.txt")) {
    if (row[1] != "dns") continue;
    CAPTURE(row[0]);
    const Dialled dialled;
    const std::string answers = row.at(4);
    const std::size_t last = answers.rfind(';') + 1;
    if (last > 0) {  // the first answers are harmless
      CHECK(outcome(send_to(row[0], AddressPolicy(), answers.substr(0, last - 1))) == "connect");
      CHECK(dialled.all() == std::vector<std::string>{answers.substr(0, last - 1) + " 443"});
    }
    const std::size_t before = dialled.all().size();
    const HttpResult result = send_to(row[0], AddressPolicy(), answers.substr(last));
    REQUIRE(outcome(result) == "policy");
    CHECK_FALSE(result.error().permanent);
    CHECK(dialled.all().size() == before);
  }
}

TEST_CASE("Every URL of the accepted list is dialled where it says, in either locale") {
  const AddressPolicy with_http = policy_for({});
  in_both_locales([&] {
    for (const auto& row : read_rows("urls_accepted.txt")) {
      for (const std::string& url : {row[0], as_http(row[0])}) {
        CAPTURE(url);
        const Dialled dialled;
        const auto checked = with_http.check_url(url);
        REQUIRE(checked);
        const bool literal = detail::parse_ipv4(checked->host) || detail::parse_ipv6(checked->host);
        const std::string address = literal ? checked->host : "8.8.8.8";
        CHECK(outcome(send_to(url, with_http, literal ? "" : address)) == "connect");
        CHECK(dialled.all() ==
              std::vector<std::string>{address + " " + std::to_string(checked->port)});
      }
    }
  });
}
