#include "send/header_list.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <string_view>

#include "base/http_rules.hpp"
#include "base/text.hpp"

namespace hookline::detail {
namespace {

bool has(const std::vector<HttpHeader>& headers, std::string_view name);
bool is_control(char c);

}  // namespace

std::optional<std::string> fault_in(const std::vector<HttpHeader>& headers) {
  for (const auto& [name, value] : headers) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_char)) {
      return fmt::format("{} is not a header name", quoted(name));
    }
    if (std::any_of(value.begin(), value.end(), is_control)) {
      return fmt::format("header {} has a control character in its value", name);
    }
    for (const char* own : {"Host", "Content-Length", "Transfer-Encoding", "Expect"}) {
      if (equal_ignoring_case(name, own)) {
        return fmt::format("header {} is the transport's to write", name);
      }
    }
  }
  return std::nullopt;
}

void wipe_credentials(std::vector<HttpHeader>& headers) {
  for (auto& [name, value] : headers) {
    if (equal_ignoring_case(name, "authorization")) OPENSSL_cleanse(value.data(), value.size());
  }
}

void HeaderList::wipe() {
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
  offsets_.clear();
}

void HeaderList::assign(const std::vector<HttpHeader>& headers) {
  text_.clear();
  offsets_.clear();
  for (const HttpHeader& header : headers) add(header);
  for (const char* name : {"Accept", "Content-Type"}) {
    if (!has(headers, name)) leave_out(name);
  }
  leave_out("Expect");
}

curl_slist* HeaderList::list() {
  nodes_.resize(offsets_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].data = text_.data() + offsets_[i];
    nodes_[i].next = i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr;
  }
  return nodes_.data();
}

/// CURLOPT_HTTPHEADER(3): a header without a value is written `Name;`.
void HeaderList::add(const HttpHeader& header) {
  const bool blank = header.value.find_first_not_of(" \t") == std::string::npos;
  offsets_.push_back(text_.size());
  text_ += header.name;
  text_ += blank ? ";" : ": ";
  if (!blank) text_ += header.value;
  text_ += '\0';
}

/// CURLOPT_HTTPHEADER(3): `Name:` takes away what libcurl would write.
void HeaderList::leave_out(const char* name) {
  offsets_.push_back(text_.size());
  text_ += name;
  text_ += ':';
  text_ += '\0';
}

namespace {

bool has(const std::vector<HttpHeader>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const HttpHeader& header) {
    return equal_ignoring_case(header.name, name);
  });
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

}  // namespace
}  // namespace hookline::detail
