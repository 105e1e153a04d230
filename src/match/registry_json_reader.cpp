#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "base/fail.hpp"
#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "match/registry_json.hpp"
#include "match/webhook_check.hpp"
#include "match/wiped_json.hpp"

namespace hookline::detail {
namespace {

using Json = WipedDocument::ValueType;

constexpr std::uint32_t kVersion = 1;

/// Where a value stands. Places lie on the stack, each inside the one above; the text is made when
/// it is needed.
struct Place {
  const Place* above = nullptr;
  std::string_view member;
  std::optional<std::size_t> index;

  [[nodiscard]] std::string text() const {
    std::string text = above ? above->text() : std::string();
    if (!text.empty() && !member.empty()) text += '.';
    text += printable(member);
    if (index) text += fmt::format("[{}]", *index);
    return text;
  }

  /// `member` is an error too: `webhooks[3].urll: unknown member`.
  template <class... Args>
  [[nodiscard]] tl::unexpected<Error> fail(fmt::format_string<Args...> format,
                                           Args&&... args) const {
    const std::string where = text();
    return detail::fail(ErrorCode::invalid_registry_document, "{}: {}",
                        where.empty() ? "the document" : where,
                        fmt::format(format, std::forward<Args>(args)...));
  }
};

struct Document {
  std::uint32_t version = 0;
  std::vector<Webhook> webhooks;
};

Result<void> parse(std::string_view json, WipedDocument& document);
Result<void> check_ids(const std::vector<Webhook>& webhooks);

// One `read` for each type that stands in the document.
using Time = std::chrono::system_clock::time_point;
Result<void> read(const Json& value, const Place& at, Document& target);
Result<void> read(const Json& value, const Place& at, Webhook& target);
Result<void> read(const Json& value, const Place& at, HttpHeader& target);
Result<void> read(const Json& value, const Place& at, BasicCredentials& target);
Result<void> read(const Json& value, const Place& at, ClientCertificate& target);
Result<void> read(const Json& value, const Place& at, std::string& target);
Result<void> read(const Json& value, const Place& at, Secret& target);
Result<void> read(const Json& value, const Place& at, bool& target);
Result<void> read(const Json& value, const Place& at, std::uint32_t& target);
Result<void> read(const Json& value, const Place& at, std::uint64_t& target);
Result<void> read(const Json& value, const Place& at, double& target);
Result<void> read(const Json& value, const Place& at, std::chrono::milliseconds& target);
Result<void> read(const Json& value, const Place& at, Time& target);
Result<void> read(const Json& value, const Place& at, Event& target);
Result<void> read(const Json& value, const Place& at, WebhookState& target);
Result<void> read(const Json& value, const Place& at, Ordering& target);

template <class T>
Result<void> read(const Json& value, const Place& at, std::optional<T>& target) {
  return read(value, at, target.emplace());
}

template <class T>
Result<void> read(const Json& value, const Place& at, std::vector<T>& target) {
  if (!value.IsArray()) return at.fail("must be an array");
  target.reserve(value.Size());
  for (const Json& element : value.GetArray()) {
    const Place place{&at, {}, target.size()};
    if (auto done = read(element, place, target.emplace_back()); !done) return done;
  }
  return {};
}

/// A member of a JSON object and how it gets into a `T`.
template <class T>
struct Member {
  std::string_view name;
  bool required;
  Result<void> (*read_into)(const Json& value, const Place& at, T& target);
};

template <auto kField, class T>
Result<void> read_field(const Json& value, const Place& at, T& target) {
  return read(value, at, target.*kField);
}

/// The name that was probably meant: the one with the longest beginning in common, three letters at
/// least.
template <class T, std::size_t N>
std::string suggestion(std::string_view name, const std::array<Member<T>, N>& members) {
  std::size_t longest = 2;
  std::string_view best;
  for (const Member<T>& member : members) {
    const auto differs =
        std::mismatch(name.begin(), name.end(), member.name.begin(), member.name.end());
    const auto common = static_cast<std::size_t>(differs.first - name.begin());
    if (common > longest) longest = common, best = member.name;
  }
  return best.empty() ? "take it out" : fmt::format("did you mean {}?", best);
}

template <class T, std::size_t N>
Result<void> read_object(const Json& value, const Place& at,
                         const std::array<Member<T>, N>& members, T& target) {
  if (!value.IsObject()) return at.fail("must be an object");
  std::array<bool, N> seen{};
  for (const auto& [key, content] : value.GetObject()) {
    const std::string_view name(key.GetString(), key.GetStringLength());
    const auto member = std::find_if(members.begin(), members.end(),
                                     [&](const Member<T>& each) { return each.name == name; });
    const Place place{&at, name, {}};
    if (member == members.end()) {
      return place.fail("unknown member; {}", suggestion(name, members));
    }
    bool& is_double = seen[static_cast<std::size_t>(member - members.begin())];
    if (std::exchange(is_double, true)) return place.fail("stands twice; take one out");
    if (auto done = member->read_into(content, place, target); !done) return done;
  }
  for (std::size_t i = 0; i < N; ++i) {
    if (members[i].required && !seen[i]) return Place{&at, members[i].name, {}}.fail("is missing");
  }
  return {};
}

}  // namespace

Result<std::vector<Webhook>> read_registry(std::string_view json) {
  WipedDocument parsed;
  Document document;
  auto done = parse(json, parsed);
  if (done) done = read(parsed, Place(), document);
  if (done) done = check_ids(document.webhooks);
  if (!done) return tl::unexpected(std::move(done).error());
  return std::move(document.webhooks);
}

namespace {

/// RapidJSON 1.1.0 takes a NUL for the end and skips a byte order mark; both are refused here.
/// Parsing is iterative, so that depth costs no stack. Numbers are not parsed with full precision,
/// which crashes on some.
Result<void> parse(std::string_view json, WipedDocument& document) {
  const Place root;
  if (json.substr(0, 3) == "\xef\xbb\xbf") {
    return root.fail("begins with a byte order mark; save it as UTF-8 without one");
  }
  if (const std::size_t nul = json.find('\0'); nul != std::string_view::npos) {
    return root.fail("holds a NUL at byte {}; it is UTF-16, or damaged: save it as UTF-8", nul);
  }
  constexpr unsigned kFlags =
      rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  rapidjson::MemoryStream stream(json.empty() ? "" : json.data(), json.size());
  document.ParseStream<kFlags, rapidjson::UTF8<>>(stream);
  if (document.HasParseError()) {
    return root.fail("is not JSON from byte {} on: {}", document.GetErrorOffset(),
                     rapidjson::GetParseError_En(document.GetParseError()));
  }
  if (stream.Tell() != json.size()) return root.fail("goes on at byte {}", stream.Tell());
  return {};
}

/// By sorting, which no choice of ids makes slow.
Result<void> check_ids(const std::vector<Webhook>& webhooks) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < webhooks.size(); ++i) {
    if (!webhooks[i].id.empty()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return webhooks[a].id < webhooks[b].id; });
  const auto same = std::adjacent_find(
      order.begin(), order.end(), [&](auto a, auto b) { return webhooks[a].id == webhooks[b].id; });
  if (same == order.end()) return {};
  return detail::fail(ErrorCode::invalid_registry_document,
                      "webhooks[{}].id: {} stands already at webhooks[{}]; take one out",
                      *std::next(same), webhooks[*same].id, *same);
}

Result<void> read(const Json& value, const Place& at, Document& target) {
  static constexpr std::array<Member<Document>, 2> kMembers = {{
      {"version", true, read_field<&Document::version>},
      {"webhooks", true, read_field<&Document::webhooks>},
  }};
  // Before anything else: another version may have other members.
  if (value.IsObject()) {
    const auto version = value.FindMember("version");
    const bool known = version == value.MemberEnd() || !version->value.IsUint() ||
                       version->value.GetUint() == kVersion;
    if (!known) {
      return Place{&at, "version", {}}.fail(
          "{} is not known here, only {}; load it with the hookline that saved it",
          version->value.GetUint(), kVersion);
    }
  }
  return read_object(value, at, kMembers, target);
}

Result<void> read(const Json& value, const Place& at, Webhook& target) {
  static constexpr std::array<Member<Webhook>, 23> kMembers = {{
      {"id", false, read_field<&Webhook::id>},
      {"tenant", false, read_field<&Webhook::tenant>},
      {"url", true, read_field<&Webhook::url>},
      {"description", false, read_field<&Webhook::description>},
      {"development_mode", false, read_field<&Webhook::development_mode>},
      {"import_identifiers", false, read_field<&Webhook::import_identifiers>},
      {"saved_schema_ids", false, read_field<&Webhook::saved_schema_ids>},
      {"all_imports", false, read_field<&Webhook::all_imports>},
      {"events", false, read_field<&Webhook::events>},
      {"headers", false, read_field<&Webhook::headers>},
      {"basic_auth", false, read_field<&Webhook::basic_auth>},
      {"bearer_token", false, read_field<&Webhook::bearer_token>},
      {"client_certificate", false, read_field<&Webhook::client_certificate>},
      {"secrets", false, read_field<&Webhook::secrets>},
      {"max_in_flight", false, read_field<&Webhook::max_in_flight>},
      {"rate_limit", false, read_field<&Webhook::rate_limit>},
      {"ordering", false, read_field<&Webhook::ordering>},
      {"retry_schedule", false, read_field<&Webhook::retry_schedule>},
      {"state", false, read_field<&Webhook::state>},
      {"disabled_reason", false, read_field<&Webhook::disabled_reason>},
      {"created_at", false, read_field<&Webhook::created_at>},
      {"updated_at", false, read_field<&Webhook::updated_at>},
      {"revision", false, read_field<&Webhook::revision>},
  }};
  target.created_at = kNoTime;
  target.updated_at = kNoTime;
  if (auto done = read_object(value, at, kMembers, target); !done) return done;
  if (target.id.empty() || is_identifier(target.id)) return {};
  return Place{&at, "id", {}}.fail("{} is not 1 to 128 of A-Z a-z 0-9 _ -; write another",
                                   quoted(target.id));
}

Result<void> read(const Json& value, const Place& at, HttpHeader& target) {
  static constexpr std::array<Member<HttpHeader>, 2> kMembers = {{
      {"name", true, read_field<&HttpHeader::name>},
      {"value", true, read_field<&HttpHeader::value>},
  }};
  return read_object(value, at, kMembers, target);
}

Result<void> read(const Json& value, const Place& at, BasicCredentials& target) {
  static constexpr std::array<Member<BasicCredentials>, 2> kMembers = {{
      {"username", true, read_field<&BasicCredentials::username>},
      {"password", true, read_field<&BasicCredentials::password>},
  }};
  return read_object(value, at, kMembers, target);
}

Result<void> read(const Json& value, const Place& at, ClientCertificate& target) {
  static constexpr std::array<Member<ClientCertificate>, 2> kMembers = {{
      {"certificate", true, read_field<&ClientCertificate::certificate>},
      {"key", true, read_field<&ClientCertificate::key>},
  }};
  return read_object(value, at, kMembers, target);
}

Result<void> read(const Json& value, const Place& at, std::string& target) {
  if (!value.IsString()) return at.fail("must be a text; leave it out if there is none");
  target.assign(value.GetString(), value.GetStringLength());
  // RapidJSON 1.1.0 lets a lone \udc00 through, as bytes that are not UTF-8.
  for (std::size_t i = 0; i < target.size();) {
    const Utf8Char next = decode_utf8(std::string_view(target).substr(i));
    if (!next.valid) return at.fail("holds half a surrogate pair; write the whole character");
    if (next.code_point == 0) return at.fail("holds a NUL; take it out");
    i += next.length;
  }
  return {};
}

/// What is refused is wiped, too.
Result<void> read(const Json& value, const Place& at, Secret& target) {
  std::string text;
  auto done = read(value, at, text);
  target = Secret(std::move(text));
  if (done && target.reveal() == kRedacted) {
    return at.fail("was left out when the document was saved; save it with secrets revealed");
  }
  return done;
}

Result<void> read(const Json& value, const Place& at, bool& target) {
  if (!value.IsBool()) return at.fail("must be true or false");
  target = value.GetBool();
  return {};
}

/// `version`, `max_in_flight`.
Result<void> read(const Json& value, const Place& at, std::uint32_t& target) {
  if (!value.IsUint()) return at.fail("must be a whole number");
  target = value.GetUint();
  return {};
}

/// `revision`. Programs that read numbers as doubles count to 2^53 (RFC 8259, 6).
Result<void> read(const Json& value, const Place& at, std::uint64_t& target) {
  constexpr std::uint64_t kMax = std::uint64_t{1} << 53;
  if (!value.IsUint64() || value.GetUint64() == 0 || value.GetUint64() > kMax) {
    return at.fail("must be a whole number from 1 to {}", kMax);
  }
  target = value.GetUint64();
  return {};
}

/// A number with up to three places. A double holds it exactly enough to be rounded back.
Result<void> read_thousandths(const Json& value, const Place& at, std::string_view what,
                              std::int64_t& target) {
  constexpr double kMax = 1e9;
  const double number = value.IsNumber() ? value.GetDouble() : kMax * 2;
  if (!(std::abs(number) <= kMax)) return at.fail("must be a number of {}", what);
  const double count = std::round(number * 1000);
  if (std::abs(number * 1000 - count) > 1e-3) return at.fail("has more than three decimal places");
  target = static_cast<std::int64_t>(count);
  return {};
}

/// `rate_limit`.
Result<void> read(const Json& value, const Place& at, double& target) {
  std::int64_t thousandths = 0;
  if (auto done = read_thousandths(value, at, "requests a second", thousandths); !done) return done;
  target = static_cast<double>(thousandths) / 1000;
  return {};
}

/// Seconds.
Result<void> read(const Json& value, const Place& at, std::chrono::milliseconds& target) {
  std::int64_t ms = 0;
  if (auto done = read_thousandths(value, at, "seconds", ms); !done) return done;
  target = std::chrono::milliseconds(ms);
  return {};
}

Result<void> read(const Json& value, const Place& at, Time& target) {
  std::string text;
  if (auto done = read(value, at, text); !done) return done;
  const auto time = from_iso8601(text);
  if (!time) return at.fail("{} is not a time like 2024-04-24T17:20:14.659349Z", quoted(text));
  target = Time(*time);
  return {};
}

Result<void> read(const Json& value, const Place& at, Event& target) {
  std::string text;
  if (auto done = read(value, at, text); !done) return done;
  const auto event = event_from_string(text);
  if (!event) {
    return at.fail(
        "{} is not import_completed, headless_import_needs_review or headless_import_failed",
        quoted(text));
  }
  target = *event;
  return {};
}

Result<void> read(const Json& value, const Place& at, WebhookState& target) {
  std::string text;
  if (auto done = read(value, at, text); !done) return done;
  for (const auto state : {WebhookState::enabled, WebhookState::paused, WebhookState::disabled}) {
    if (text == to_string(state)) return target = state, Result<void>();
  }
  return at.fail("{} is not enabled, paused or disabled", quoted(text));
}

Result<void> read(const Json& value, const Place& at, Ordering& target) {
  std::string text;
  if (auto done = read(value, at, text); !done) return done;
  for (const auto ordering : {Ordering::none, Ordering::fifo}) {
    if (text == to_string(ordering)) return target = ordering, Result<void>();
  }
  return at.fail("{} is not none or fifo", quoted(text));
}

}  // namespace
}  // namespace hookline::detail
