#include "receiver/request_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <hookline/signer.hpp>
#include <map>

#include "common/printable.hpp"

namespace receiver {
namespace {

using examples::printable;

std::string headers_text(const httplib::Request& request);
std::string signature_text(const httplib::Request& request,
                           const std::vector<std::string>& secrets);
std::string lower(std::string text);

}  // namespace

std::string request_text(const httplib::Request& request, int status,
                         const std::vector<std::string>& secrets) {
  std::string text = fmt::format("{} {} answered {}\n", printable(request.method),
                                 printable(request.target), status);
  text += headers_text(request);
  if (!secrets.empty()) {
    text += fmt::format("  signature: {}\n", printable(signature_text(request, secrets)));
  }
  text += fmt::format("  body: {}\n", printable(request.body));
  return text;
}

namespace {

std::string headers_text(const httplib::Request& request) {
  std::multimap<std::string, std::string> shown;
  for (const auto& [name, value] : request.headers) {
    const std::string key = lower(name);
    if (key == "content-type" || key.rfind("webhook-", 0) == 0) shown.emplace(key, value);
  }
  std::string text;
  for (const auto& [name, value] : shown) {
    text += fmt::format("  {}: {}\n", printable(name), printable(value));
  }
  return text;
}

std::string signature_text(const httplib::Request& request,
                           const std::vector<std::string>& secrets) {
  if (!request.has_header("webhook-signature")) return "missing";
  const std::string id = request.get_header_value("webhook-id");
  const std::string timestamp = request.get_header_value("webhook-timestamp");
  const std::string signature = request.get_header_value("webhook-signature");
  const auto verified = hookline::verify(secrets, {id, timestamp, signature}, request.body,
                                         std::chrono::system_clock::now());
  return verified ? "valid" : "invalid, " + verified.error().message;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace
}  // namespace receiver
