// What the transport asks libcurl for. An option that libcurl refuses ends the request: a defence
// that is missing must not go unnoticed.

#include <curl/curl.h>

#include <memory>
#include <set>

#include "catch.hpp"
#include "send/curl_transport_fixture.hpp"
#include "send/setopt.hpp"

using namespace hookline;
using fakes::HttpServer;
using test::Replaced;

TEST_CASE("A request is not sent without each of its options") {
  const HttpServer server;
  std::set<CURLoption> options;
  {
    const test::SeenOptions seen;
    const auto transport = make_transport();
    REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
    options = seen.all();
  }
  for (const CURLoption needed : {CURLOPT_PROXY,
                                  CURLOPT_NOPROXY,
                                  CURLOPT_PROTOCOLS_STR,
                                  CURLOPT_FOLLOWLOCATION,
                                  CURLOPT_HTTP09_ALLOWED,
                                  CURLOPT_NOSIGNAL,
                                  CURLOPT_QUICK_EXIT,
                                  CURLOPT_NETRC,
                                  CURLOPT_SSLVERSION,
                                  CURLOPT_SSL_VERIFYPEER,
                                  CURLOPT_SSL_VERIFYHOST,
                                  CURLOPT_SSL_CTX_FUNCTION,
                                  CURLOPT_OPENSOCKETFUNCTION,
                                  CURLOPT_PREREQFUNCTION,
                                  CURLOPT_MAXLIFETIME_CONN,
                                  CURLOPT_TIMEOUT_MS,
                                  CURLOPT_CONNECTTIMEOUT_MS,
                                  CURLOPT_SSLCERT_BLOB,
                                  CURLOPT_SSLKEY_BLOB,
                                  CURLOPT_KEYPASSWD,
                                  CURLOPT_FRESH_CONNECT,
                                  CURLOPT_SSL_SESSIONID_CACHE}) {
    CAPTURE(needed);
    CHECK(options.count(needed) == 1);
  }

  const std::size_t requests = server.request_count();
  for (const CURLoption option : options) {
    const auto transport = make_transport();
    const Replaced replaced(option, test::refused());
    const HttpResult result = deliver(*transport, request_to(server.url()));
    CAPTURE(curl_easy_option_by_id(option)->name);
    REQUIRE(outcome(result) == "internal");
    CHECK(result.error().message.find(curl_easy_option_by_id(option)->name) != std::string::npos);
  }
  CHECK(server.request_count() == requests);
}

TEST_CASE("Side routes of libcurl are never asked for") {
  const HttpServer server;
  const test::SeenOptions seen;
  const auto transport = make_transport();
  REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
  for (const CURLoption unwanted :
       {CURLOPT_ALTSVC, CURLOPT_ALTSVC_CTRL, CURLOPT_HSTS, CURLOPT_HSTS_CTRL, CURLOPT_DOH_URL,
        CURLOPT_CONNECT_TO, CURLOPT_UNIX_SOCKET_PATH, CURLOPT_ABSTRACT_UNIX_SOCKET,
        CURLOPT_COOKIEFILE, CURLOPT_COOKIEJAR, CURLOPT_COOKIELIST, CURLOPT_VERBOSE,
        CURLOPT_DEBUGFUNCTION, CURLOPT_ACCEPT_ENCODING, CURLOPT_SHARE, CURLOPT_INTERFACE,
        CURLOPT_PRE_PROXY, CURLOPT_XOAUTH2_BEARER, CURLOPT_USERPWD}) {
    CAPTURE(curl_easy_option_by_id(unwanted)->name);
    CHECK(seen.all().count(unwanted) == 0);
  }
}

// No URL is known that does; this is what is left if there is one.
TEST_CASE("A URL that got past every check is not spoken to in another protocol") {
  const HttpServer recorder;
  const std::string scheme = GENERATE("gopher", "ftp", "dict", "ldap", "telnet", "imap");
  const std::string address = scheme + recorder.url("/x").substr(4);
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), &curl_url_cleanup);
  REQUIRE(curl_url_set(url.get(), CURLUPART_URL, address.c_str(), 0) == CURLUE_OK);
  const Replaced replaced(CURLOPT_CURLU, [&](CURL* easy, void*) {
    return test::real_setopt(easy, CURLOPT_CURLU, static_cast<void*>(url.get()));
  });
  const auto transport = make_transport();
  HttpRequest request = request_to(recorder.url());
  request.timeout = std::chrono::milliseconds(300);
  CHECK(outcome(deliver(*transport, request)) == "protocol");
  CHECK(recorder.connections() == 0);
}
