#include "hookline/payload_builder.hpp"

#include <rapidjson/allocators.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/fail.hpp"
#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "build/headless_filter.hpp"
#include "hookline/event.hpp"

namespace hookline {
namespace {

using detail::fail;
using Pool = rapidjson::MemoryPoolAllocator<>;
using DraftText = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, Pool>;
using EnvelopeWriter = rapidjson::Writer<DraftText, rapidjson::UTF8<>, rapidjson::UTF8<>, Pool>;

/// What an envelope is written in before its length is known: on the stack, unless it is long.
struct Draft {
  alignas(std::max_align_t) std::array<char, 4096> room;
  Pool pool{room.data(), room.size()};
  DraftText text{&pool};
};

Result<Event> check(const Import& import);
Result<void> check_headless(const Import& import);
Result<void> open_envelope(const Import& import, Event event, const PayloadOptions& options,
                           Draft& envelope);
Result<std::string> close_envelope(const Draft& envelope, std::string_view document,
                                   const PayloadOptions& options);
void write_import(EnvelopeWriter& json, const Import& import, std::string_view created_date);
void write_user(EnvelopeWriter& json, const std::optional<User>& user);
void write(EnvelopeWriter& json, std::string_view name, std::string_view text);
void write(EnvelopeWriter& json, std::string_view name, const std::optional<std::string>& text);
void write_string(EnvelopeWriter& json, std::string_view text);
std::string percent_encoded(std::string_view text);
Result<std::string> limited(std::string body, const PayloadOptions& options);
std::size_t size_of_texts(const Import& import);
std::size_t max_body_bytes(const PayloadOptions& options);
tl::unexpected<Error> too_large(std::size_t bytes, const PayloadOptions& options);

}  // namespace

PayloadBuilder::PayloadBuilder(PayloadOptions options)
    : options_(detail::finalised(std::move(options))) {}

Result<std::string> PayloadBuilder::managed(const Import& import) const {
  const Result<Event> event = check(import);
  if (!event) return tl::unexpected<Error>(event.error());
  if (const auto placed = check_headless(import); !placed) {
    return tl::unexpected<Error>(placed.error());
  }
  Draft envelope;
  if (const auto opened = open_envelope(import, *event, options_, envelope); !opened) {
    return tl::unexpected<Error>(opened.error());
  }
  if (!import.headless) return close_envelope(envelope, "", options_);
  Result<std::string> document = detail::filter_headless(*import.headless, options_);
  if (!document) return document;
  return close_envelope(envelope, *document, options_);
}

Result<std::string> PayloadBuilder::managed_without_headless(const Import& import) const {
  const Result<Event> event = check(import);
  if (!event) return tl::unexpected<Error>(event.error());
  Draft envelope;
  if (const auto opened = open_envelope(import, *event, options_, envelope); !opened) {
    return tl::unexpected<Error>(opened.error());
  }
  const bool headless = import.import_type == ImportType::headless;
  return close_envelope(envelope, headless ? "null" : "", options_);
}

Result<std::string> PayloadBuilder::basic(const Import& import) const {
  const Result<Event> event = check(import);
  if (!event) return tl::unexpected<Error>(event.error());
  if (*event != Event::import_completed) {
    return fail(ErrorCode::no_event_for_state,
                "status: the basic webhook is told of SUCCESSFUL imports only, not of {}",
                to_string(import.status));
  }
  return limited("uploadId=" + percent_encoded(detail::repair_utf8(import.id)), options_);
}

namespace {

Result<Event> check(const Import& import) {
  if (import.id.empty()) {
    return fail(ErrorCode::invalid_import, "id: is empty; give the id of the import");
  }
  return event_of(import);
}

Result<void> check_headless(const Import& import) {
  const bool wanted = import.import_type == ImportType::headless;
  if (wanted == import.headless.has_value()) return {};
  return fail(ErrorCode::invalid_headless, "headless: {}",
              wanted ? "is missing; a headless import carries its document"
                     : "is set on an embedded import; only headless imports carry a document");
}

/// The body up to where `headless` goes, with both objects still open.
Result<void> open_envelope(const Import& import, Event event, const PayloadOptions& options,
                           Draft& envelope) {
  const std::size_t bytes = size_of_texts(import);
  if (bytes > max_body_bytes(options)) return too_large(bytes, options);
  const auto created = detail::to_iso8601(
      std::chrono::floor<std::chrono::microseconds>(import.created_date.time_since_epoch()));
  if (!created) {
    return fail(ErrorCode::invalid_import, "created_date: its year is not within 0000 to 9999");
  }
  EnvelopeWriter json(envelope.text, &envelope.pool);
  json.StartObject();
  write(json, "event", to_string(event));
  json.Key("data");
  json.StartObject();
  write_import(json, import, *created);
  return {};
}

/// The body, in a text without room to spare, since stores keep it. An empty document is none.
Result<std::string> close_envelope(const Draft& envelope, std::string_view document,
                                   const PayloadOptions& options) {
  const std::string_view name = document.empty() ? "" : ",\"headless\":";
  const std::string_view end = "}}";
  std::string body;
  body.reserve(envelope.text.GetSize() + name.size() + document.size() + end.size());
  body.append(envelope.text.GetString(), envelope.text.GetSize());
  body.append(name).append(document).append(end);
  return limited(std::move(body), options);
}

void write_import(EnvelopeWriter& json, const Import& import, std::string_view created_date) {
  write(json, "id", std::string_view(import.id));
  write(json, "filename", import.filename);
  write_user(json, import.user);
  write(json, "created_date", created_date);
  write(json, "import_type", to_string(import.import_type));
  write(json, "status", to_string(import.status));
  json.Key("num_data_rows");
  json.Uint64(import.num_data_rows);
  json.Key("development_mode");
  json.Bool(import.development_mode);
  json.Key("has_data");
  json.Bool(import.has_data);
}

void write_user(EnvelopeWriter& json, const std::optional<User>& user) {
  json.Key("user");
  if (!user) {
    json.Null();
    return;
  }
  json.StartObject();
  write(json, "id", user->id);
  write(json, "name", user->name);
  write(json, "email", user->email);
  write(json, "company_id", user->company_id);
  write(json, "company_name", user->company_name);
  json.EndObject();
}

void write(EnvelopeWriter& json, std::string_view name, const std::optional<std::string>& text) {
  if (text) return write(json, name, std::string_view(*text));
  write_string(json, name);
  json.Null();
}

void write(EnvelopeWriter& json, std::string_view name, std::string_view text) {
  write_string(json, name);
  if (detail::valid_utf8_prefix(text) == text.size()) return write_string(json, text);
  write_string(json, detail::repair_utf8(text));
}

/// A name is a string like any other to the writer.
void write_string(EnvelopeWriter& json, std::string_view text) {
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

/// Keeps the unreserved characters of RFC 3986, which every decoder of forms reads as themselves.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (detail::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kHex[byte >> 4], kHex[byte & 0xf]};
    }
  }
  return encoded;
}

Result<std::string> limited(std::string body, const PayloadOptions& options) {
  if (body.size() > max_body_bytes(options)) return too_large(body.size(), options);
  return body;
}

/// What the texts of the envelope take up at least, for neither repair nor escapes shorten a text.
std::size_t size_of_texts(const Import& import) {
  const auto size = [](const std::optional<std::string>& text) { return text ? text->size() : 0; };
  std::size_t bytes = import.id.size() + size(import.filename);
  if (const auto& user = import.user) {
    bytes += size(user->id) + size(user->name) + size(user->email) + size(user->company_id) +
             size(user->company_name);
  }
  return bytes;
}

std::size_t max_body_bytes(const PayloadOptions& options) {
  return options.max_headless_bytes + options.max_envelope_bytes;
}

tl::unexpected<Error> too_large(std::size_t bytes, const PayloadOptions& options) {
  return fail(ErrorCode::body_too_large,
              "a body of {} bytes or more is over the limit of {} (max_headless_bytes and "
              "max_envelope_bytes of PayloadOptions)",
              bytes, max_body_bytes(options));
}

}  // namespace
}  // namespace hookline
