// A URL that the policy accepts is the same URL to libcurl, and no error shows what may be secret.
#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "fuzz.hpp"
#include "hookline/address_policy.hpp"
#include "send/ip_address.hpp"
#include "send/url.hpp"

namespace hookline::fuzz {
namespace {

constexpr std::string_view kMarker = "Hush-Hush-42";

AddressPolicy open_policy() {
  AddressPolicyOptions options;
  options.allow_http = true;
  options.allow_cidrs = {"127.0.0.0/8", "10.0.0.0/8", "fd00::/8"};
  options.allow_names = {"localhost", ".svc"};
  options.allow_ports = {22};
  return AddressPolicy::create(options).value();
}

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

/// libcurl is who dials: it has to find the same host and port in the text.
void compare_with_curl(const std::string& text, const CheckedUrl& checked) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), curl_url_cleanup);
  // What libcurl refuses on top fails there, before anything is dialled.
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK) {
    return;
  }
  const auto host = detail::parse_host(part(url.get(), CURLUPART_HOST));
  promise(host && host->text == checked.host, "libcurl finds the same host", text);
  promise(part(url.get(), CURLUPART_PORT) == std::to_string(checked.port),
          "libcurl finds the same port", text);
  promise(part(url.get(), CURLUPART_SCHEME) == (checked.https ? "https" : "http"),
          "libcurl finds the same scheme", text);
  promise(part(url.get(), CURLUPART_USER).empty(), "libcurl finds no user name", text);
}

void check_accepted(const AddressPolicy& policy, const std::string& text, const CheckedUrl& url) {
  promise(
      text.size() <= 2048 && std::all_of(text.begin(), text.end(),
                                         [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; }),
      "an accepted URL is short and of visible ASCII", text);
  promise(url.port != 0 && !url.host.empty(), "it has a host and a port", text);
  promise(std::none_of(url.host.begin(), url.host.end(),
                       [](unsigned char c) { return std::isupper(c) || c == '[' || c == '@'; }),
          "its host is in lower case, alone", text);
  promise(text.compare(0, url.without_query.size(), url.without_query) == 0 &&
              url.without_query.find_first_of("?#") == std::string::npos,
          "what may be logged is the text up to the query", text);
  const auto again = policy.check_url(url.origin);
  promise(again && again->origin == url.origin && again->host == url.host &&
              again->port == url.port && again->https == url.https,
          "its origin is accepted as the same", text);
  const auto host =
      detail::parse_host(url.host.find(':') == std::string::npos ? url.host : '[' + url.host + ']');
  promise(host && host->text == url.host, "its host reads back", text);
  if (host->address) {
    promise(policy.check_address(*host->address, url.port).has_value(),
            "a literal address may be dialled", text);
  }
  compare_with_curl(text, url);
}

/// Wherever a secret may stand in a URL, no message repeats it.
void check_messages(const AddressPolicy& policy, const std::string& text) {
  if (contains(text, kMarker) || contains(text, "Hush")) return;
  const std::string marker(kMarker);
  const std::size_t scheme = text.find("://");
  const std::string rest = scheme == std::string::npos ? text : text.substr(scheme + 3);
  for (const std::string& url :
       {text + "?token=" + marker, text + "#" + marker, "https://user:" + marker + "@" + rest,
        "https://" + marker + "@" + rest, "https://user:" + marker + "/" + rest,
        "https://example.com/?a=" + marker + rest}) {
    const auto checked = policy.check_url(url);
    if (checked) {
      promise(!contains(checked->without_query, marker) || contains(url, ":443" + marker) ||
                  contains(url.substr(0, url.find_first_of("?#")), marker),
              "what may be logged holds no query", url);
      continue;
    }
    promise(!contains(checked.error().message, marker), "a message shows no secret", url);
    promise(checked.error().message.compare(0, 5, "url: ") == 0, "a message names its field", url);
    promise(checked.error().message.size() < 400, "a message is short", url);
  }
}

}  // namespace

void check(std::string_view input) {
  static const AddressPolicy strict;
  static const AddressPolicy open = open_policy();
  const std::string text(input);
  const auto checked = strict.check_url(text);
  const auto widely = open.check_url(text);
  promise(!checked || (widely && widely->origin == checked->origin),
          "what the strict policy accepts every policy does", text);
  if (checked) {
    promise(checked->https, "the strict policy accepts https alone", text);
    check_accepted(strict, text, *checked);
  }
  if (widely) check_accepted(open, text, *widely);
  check_messages(strict, text);
}

}  // namespace hookline::fuzz
