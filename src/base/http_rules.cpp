#include "base/http_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace hookline::detail {
namespace {

constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxValue = 4096;

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

bool is_token_char(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::optional<std::string> header_name_fault(std::string_view name) {
  if (name.empty()) return "must not be empty";
  if (name.size() > kMaxName) return fmt::format("is longer than {} bytes", kMaxName);
  if (!std::all_of(name.begin(), name.end(), is_token_char)) {
    return fmt::format("{} holds more than letters, digits and !#$%&'*+-.^_`|~", quoted(name));
  }
  if (is_reserved_header(name)) {
    return fmt::format("{} is set by hookline; take it out", quoted(name));
  }
  return std::nullopt;
}

std::optional<std::string> header_value_fault(std::string_view value) {
  if (value.size() > kMaxValue) return fmt::format("is longer than {} bytes", kMaxValue);
  const auto bad = std::find_if(value.begin(), value.end(),
                                [](char c) { return c != '\t' && (c < 0x20 || c > 0x7e); });
  if (bad != value.end()) {
    return fmt::format(
        "byte {} is 0x{:02x}; only printable ASCII, space and tab can be sent, so encode "
        "the rest (with percent signs, say)",
        bad - value.begin(), static_cast<unsigned char>(*bad));
  }
  if (!value.empty() && (is_blank(value.front()) || is_blank(value.back()))) {
    return "begins or ends with white space, which receivers strip; take it out";
  }
  return std::nullopt;
}

bool is_reserved_header(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames = {
      "host",    "te",     "trailer",           "connection",      "keep-alive",
      "upgrade", "expect", "transfer-encoding", "accept-encoding", "user-agent"};
  constexpr std::array<std::string_view, 3> kPrefixes = {"content-", "proxy-", "webhook-"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](auto reserved) { return equal_ignoring_case(name, reserved); }) ||
         std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&](auto prefix) { return starts_with_ignoring_case(name, prefix); });
}

}  // namespace hookline::detail
