#pragma once

#include <rapidjson/encodings.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace examples {

/// Writes one JSON document on one line. All of it is ASCII, so that text of strangers does nothing
/// to a terminal; bytes that are not UTF-8 come out as U+FFFD.
///
///     Json json;
///     json.begin_object();
///     json.text("status", "delivered");
///     json.end_object();
///     std::fputs(json.line().c_str(), stdout);
class Json {
 public:
  Json() : writer_(buffer_) {}

  void begin_object() { writer_.StartObject(); }
  void end_object() { writer_.EndObject(); }
  void begin_array(std::string_view name);
  /// The next thing is the value of this member.
  void key(std::string_view name);
  void end_array() { writer_.EndArray(); }

  void text(std::string_view name, std::string_view value);
  /// Null if it is empty.
  void text_or_null(std::string_view name, std::string_view value);
  void flag(std::string_view name, bool value);
  void number(std::string_view name, std::uint64_t value);
  void decimal(std::string_view name, double value);
  void time(std::string_view name, std::optional<std::chrono::system_clock::time_point> value);
  void null(std::string_view name);

  template <class T>
  void number_or_null(std::string_view name, const std::optional<T>& value) {
    value ? number(name, static_cast<std::uint64_t>(*value)) : null(name);
  }

  /// Elements of an array.
  void element(std::string_view value);
  void element(double value) { writer_.Double(value); }

  /// The document, with a line break.
  [[nodiscard]] std::string line() const;

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::ASCII<>> writer_;
};

}  // namespace examples
