#pragma once

#include <string>
#include <utility>

#include "catch.hpp"
#include "hookline/payload_builder.hpp"

namespace hookline {

inline Import embedded_import() {
  Import import;
  import.id = "025f399f-4370-4064-aed5-b8d16b597183";
  import.filename = "contacts.csv";
  import.user = User{"user-123", "Jasmine Clark", "jclark@acme.com", std::nullopt, std::nullopt};
  import.created_date = std::chrono::system_clock::time_point(std::chrono::seconds(1713979214) +
                                                              std::chrono::microseconds(659349));
  import.num_data_rows = 433;
  import.has_data = true;
  return import;
}

inline Import headless_import(std::string document) {
  Import import = embedded_import();
  import.import_type = ImportType::headless;
  import.headless = std::move(document);
  return import;
}

/// What the body carries for a document.
inline Result<std::string> filtered(const std::string& document, PayloadOptions options = {}) {
  const auto body = PayloadBuilder(std::move(options)).managed(headless_import(document));
  if (!body) return body;
  const std::string mark = ",\"headless\":";
  const std::size_t at = body->find(mark) + mark.size();
  return body->substr(at, body->size() - at - 2);
}

/// The message of a refusal, which must have this code.
template <class T>
std::string refusal(const Result<T>& result, ErrorCode code) {
  REQUIRE_FALSE(result.has_value());
  CHECK(to_string(result.error().code) == to_string(code));
  return result.error().message;
}

inline std::string repeated(std::size_t times, const std::string& text) {
  std::string all;
  all.reserve(times * text.size());
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace hookline
