#include "build/headless_filter.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/fail.hpp"
#include "build/headless_handler.hpp"
#include "build/removed_names.hpp"

namespace hookline::detail {
namespace {

struct Filtered {
  std::string json;
  std::vector<std::string> secrets;
  std::vector<Span> verbatim_values;
};

std::optional<Fault> find_early(std::string_view document);
Result<Filtered> run(std::string_view document, const PayloadOptions& options, Redactor* redactor);
std::optional<std::string> redacted_in_values(Filtered& filtered, Redactor& redactor);
std::string written(std::string_view text);
Fault fault_of(const rapidjson::ParseResult& result, const HeadlessHandler& handler);
tl::unexpected<Error> refuse(const Fault& fault);

}  // namespace

PayloadOptions finalised(PayloadOptions options) {
  // A string of n bytes makes RapidJSON reserve 6 n + 2 in 32 bits, and repairing triples a text.
  constexpr std::size_t kMostBytes = 64 * 1024 * 1024;
  options.max_headless_bytes = std::min(options.max_headless_bytes, kMostBytes);
  options.max_envelope_bytes = std::min(options.max_envelope_bytes, kMostBytes);

  options.remove_members.insert(options.remove_members.end(),
                                {"review_url", "original_file_download"});
  for (std::string& name : options.remove_members) name = normalised_name(name);
  return options;
}

Result<std::string> filter_headless(std::string_view document, const PayloadOptions& options) {
  if (document.size() > options.max_headless_bytes) {
    return fail(ErrorCode::body_too_large,
                "headless: a document of {} bytes is over the limit of {} "
                "(PayloadOptions::max_headless_bytes)",
                document.size(), options.max_headless_bytes);
  }
  if (const auto fault = find_early(document)) return refuse(*fault);
  Result<Filtered> filtered = run(document, options, nullptr);
  if (!filtered) return tl::unexpected<Error>(std::move(filtered.error()));
  if (filtered->secrets.empty()) return std::move(filtered->json);

  // A text can stand before the member that tells that it is secret, so redaction comes second.
  Redactor redactor(filtered->secrets);
  std::optional<std::string> redacted = redacted_in_values(*filtered, redactor);
  if (redacted) return std::move(*redacted);
  Result<Filtered> again = run(document, options, &redactor);
  if (!again) return tl::unexpected<Error>(std::move(again.error()));
  return std::move(again->json);
}

namespace {

/// Faults that RapidJSON would take for the end of the document, skip or let pass.
std::optional<Fault> find_early(std::string_view document) {
  if (document.substr(0, 3) == "\xef\xbb\xbf") return Fault{"a byte order mark", 0};
  const std::size_t nul = document.find('\0');
  if (nul != std::string_view::npos) return Fault{"a NUL byte", nul};
  const std::size_t root = document.find_first_not_of(" \t\r\n");
  if (root != std::string_view::npos && document[root] != '{') return Fault{"not an object", root};
  return std::nullopt;
}

Result<Filtered> run(std::string_view document, const PayloadOptions& options, Redactor* redactor) {
  JsonInput input(document);
  rapidjson::StringBuffer buffer(nullptr, document.size() + 1);
  JsonWriter writer(buffer);
  HeadlessHandler handler(input, writer, options, redactor);
  rapidjson::Reader reader;

  const rapidjson::ParseResult result = reader.Parse<kJsonReaderFlags>(input, handler);
  if (result.IsError()) return refuse(fault_of(result, handler));
  if (input.Tell() != document.size()) return refuse({"not JSON", input.Tell()});
  return Filtered{std::string(buffer.GetString(), buffer.GetSize()), handler.take_secrets(),
                  handler.take_verbatim_values()};
}

/// Finds secrets, as they would be written, in what was written.
class SecretFinder {
 public:
  SecretFinder(const std::vector<std::string>& secrets, std::string_view json) {
    for (const std::string& secret : secrets) searches_.emplace_back(written(secret));
    for (const TextSearch& search : searches_) {
      walks_.emplace_back(search, json);
      places_.push_back(walks_.back().next());
    }
  }

  /// The first place from `begin` on, or `TextSearch::kNone`. REQUIRES: `begin` only ever grows.
  std::size_t first_from(std::size_t begin) {
    for (std::size_t i = 0; i < walks_.size(); ++i) {
      while (places_[i] < begin) places_[i] = walks_[i].next();
    }
    return *std::min_element(places_.begin(), places_.end());
  }

 private:
  std::vector<TextSearch> searches_;
  std::vector<TextSearch::Walk> walks_;
  std::vector<std::size_t> places_;  ///< that each walk has come to
};

/// What was written, redacted where it stands; that spares most documents a second reading. Nothing
/// if they need one: a name may then stand twice, an escape may only look like the beginning of a
/// secret, and outside strings nothing is one.
std::optional<std::string> redacted_in_values(Filtered& filtered, Redactor& redactor) {
  const std::string_view json = filtered.json;
  SecretFinder finder(filtered.secrets, json);
  std::size_t at = finder.first_from(0);
  if (at == TextSearch::kNone) return std::move(filtered.json);

  std::string redacted;
  redacted.reserve(json.size());
  std::size_t done = 0;
  auto value = filtered.verbatim_values.begin();
  const auto end = filtered.verbatim_values.end();
  for (; at != TextSearch::kNone; at = finder.first_from(done)) {
    value = std::partition_point(value, end, [at](const Span& span) { return span.end <= at; });
    if (value == end || at < value->begin) return std::nullopt;
    redacted.append(json.substr(done, value->begin - done));
    redacted.append(redactor.redact(json.substr(value->begin, value->end - value->begin)));
    done = value->end;
  }
  return redacted.append(json.substr(done));
}

/// A text as it stands between quotes.
std::string written(std::string_view text) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.String(text);
  return std::string(buffer.GetString() + 1, buffer.GetSize() - 2);
}

Fault fault_of(const rapidjson::ParseResult& result, const HeadlessHandler& handler) {
  switch (result.Code()) {
    case rapidjson::kParseErrorTermination:
      return handler.fault();
    case rapidjson::kParseErrorStringInvalidEncoding:
      return {"not UTF-8", result.Offset()};
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return {std::string(kLoneSurrogate), result.Offset()};
    case rapidjson::kParseErrorNumberTooBig:
      return {std::string(kBeyondDouble), result.Offset()};
    default:
      return {"not JSON", result.Offset()};
  }
}

tl::unexpected<Error> refuse(const Fault& fault) {
  return fail(ErrorCode::invalid_headless, "headless: {} at offset {}", fault.what, fault.offset);
}

}  // namespace
}  // namespace hookline::detail
