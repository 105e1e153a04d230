// An option that libcurl refuses ends the request: a defence that is missing must not go unnoticed.
// This program has its own curl_easy_setopt in front of libcurl's.

#include <curl/curl.h>
#include <dlfcn.h>

#include <atomic>
#include <cstdarg>
#include <set>

#include "catch.hpp"
#include "send/curl_transport_fixture.hpp"

using namespace hookline;
using fakes::HttpServer;

namespace {

std::atomic<CURLoption> refused_option{};

/// The options that a request sets, as they were seen last.
std::set<CURLoption> seen_options;
std::atomic<bool> record_options{false};

template <class T>
CURLcode pass_on(CURL* easy, CURLoption option, va_list arguments) {
  using Function = CURLcode (*)(CURL*, CURLoption, ...);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "curl_easy_setopt"));
  return real(easy, option, va_arg(arguments, T));
}

}  // namespace

#undef curl_easy_setopt
// The option is an enumeration, as libcurl has it.
#pragma GCC diagnostic ignored "-Wvarargs"
extern "C" CURLcode curl_easy_setopt(CURL* easy, CURLoption option, ...) {
  if (record_options) seen_options.insert(option);
  if (option == refused_option.load()) return CURLE_UNKNOWN_OPTION;
  va_list arguments;
  va_start(arguments, option);
  const int kind = static_cast<int>(option) / 10000 * 10000;
  CURLcode code = CURLE_OK;
  if (kind == CURLOPTTYPE_LONG) {
    code = pass_on<long>(easy, option, arguments);
  } else if (kind == CURLOPTTYPE_OFF_T) {
    code = pass_on<curl_off_t>(easy, option, arguments);
  } else {
    code = pass_on<void*>(easy, option, arguments);
  }
  va_end(arguments);
  return code;
}

TEST_CASE("A request is not sent without each of its options") {
  const HttpServer server;
  std::set<CURLoption> options;
  {
    const auto transport = make_transport();
    record_options = true;
    REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
    record_options = false;
    options.swap(seen_options);
  }
  for (const CURLoption needed :
       {CURLOPT_PROXY, CURLOPT_NOPROXY, CURLOPT_PROTOCOLS_STR, CURLOPT_FOLLOWLOCATION,
        CURLOPT_HTTP09_ALLOWED, CURLOPT_NOSIGNAL, CURLOPT_QUICK_EXIT, CURLOPT_NETRC,
        CURLOPT_SSLVERSION, CURLOPT_SSL_VERIFYPEER, CURLOPT_SSL_VERIFYHOST,
        CURLOPT_SSL_CTX_FUNCTION, CURLOPT_OPENSOCKETFUNCTION, CURLOPT_PREREQFUNCTION,
        CURLOPT_MAXLIFETIME_CONN, CURLOPT_TIMEOUT_MS, CURLOPT_CONNECTTIMEOUT_MS}) {
    CAPTURE(needed);
    CHECK(options.count(needed) == 1);
  }

  const std::size_t requests = server.request_count();
  for (const CURLoption option : options) {
    const auto transport = make_transport();
    refused_option = option;
    const HttpResult result = deliver(*transport, request_to(server.url()));
    refused_option = CURLoption{};
    CAPTURE(curl_easy_option_by_id(option)->name);
    REQUIRE(outcome(result) == "internal");
    CHECK(result.error().message.find(curl_easy_option_by_id(option)->name) != std::string::npos);
  }
  CHECK(server.request_count() == requests);
}
