// A header that a webhook may have cannot become a second one, nor one of hookline's own.
#include <algorithm>
#include <array>

#include "base/http_rules.hpp"
#include "fuzz.hpp"
#include "match/webhook_check.hpp"
#include "send/header_list.hpp"

namespace hookline::fuzz {
namespace {

/// In its own words, so that a slip in the rules is not repeated here.
bool is_token(std::string_view name) {
  constexpr std::string_view kToken =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return !name.empty() && name.find_first_not_of(kToken) == name.npos;
}

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

void check_sent(const HttpHeader& header) {
  promise(is_token(header.name), "a name is a token", header.name);
  promise(header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
          "a value ends no line", header.value);
  const std::string name = in_lower_case(header.name);
  constexpr std::array<std::string_view, 9> kOwn = {
      "host",         "content-length", "transfer-encoding", "connection",       "te",
      "content-type", "webhook-id",     "webhook-timestamp", "webhook-signature"};
  promise(std::find(kOwn.begin(), kOwn.end(), name) == kOwn.end(), "hookline's own stay its own",
          name);
  promise(!detail::fault_in({header}), "the transport sends what the registry takes", name);

  detail::HeaderList lines;
  lines.assign({header});
  const std::string line = lines.list()->data;
  promise(line.compare(0, header.name.size(), header.name) == 0, "the line is the header's", line);
  promise(
      header.value.empty() ? line == header.name + ";" : line == header.name + ": " + header.value,
      "the line is the header", line);
}

/// The registry asks the same rules: where they find nothing, neither does it.
void compare_with_registry(const HttpHeader& header, bool accepted) {
  static const AddressPolicy policy;
  Webhook webhook;
  webhook.id = "a";
  webhook.url = "https://hooks.example.com/";
  webhook.all_imports = true;
  webhook.headers = {header};
  const auto faults = detail::faults_of(webhook, policy);
  promise(faults.empty() == accepted, "the registry judges headers by these rules", header.name);
}

}  // namespace

void check(std::string_view input) {
  Pieces pieces(input);
  HttpHeader header;
  header.name = pieces.next();
  header.value = pieces.rest();
  const auto name_fault = detail::header_name_fault(header.name);
  const auto value_fault = detail::header_value_fault(header.value);
  const bool accepted = !name_fault && !value_fault;
  if (accepted) check_sent(header);
  compare_with_registry(header, accepted);

  // In a value there may be a key.
  const auto hidden = detail::header_value_fault("Hush-Hush-42" + header.value);
  promise(!hidden || !contains(*hidden, "Hush"), "a fault shows no value");
  promise(!name_fault || name_fault->size() < 400, "a fault is short");
}

}  // namespace hookline::fuzz
