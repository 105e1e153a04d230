#include "common/json.hpp"

#include "common/printable.hpp"
#include "common/times.hpp"

namespace examples {

void Json::begin_array(std::string_view name) {
  key(name);
  writer_.StartArray();
}

void Json::text(std::string_view name, std::string_view value) {
  key(name);
  element(value);
}

void Json::text_or_null(std::string_view name, std::string_view value) {
  value.empty() ? null(name) : text(name, value);
}

void Json::flag(std::string_view name, bool value) {
  key(name);
  writer_.Bool(value);
}

void Json::number(std::string_view name, std::uint64_t value) {
  key(name);
  writer_.Uint64(value);
}

void Json::decimal(std::string_view name, double value) {
  key(name);
  writer_.Double(value);
}

void Json::time(std::string_view name, std::optional<std::chrono::system_clock::time_point> value) {
  value ? text(name, time_text(*value)) : null(name);
}

void Json::null(std::string_view name) {
  key(name);
  writer_.Null();
}

void Json::element(std::string_view value) {
  const std::string text = as_utf8(value);
  writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

std::string Json::line() const {
  return std::string(buffer_.GetString(), buffer_.GetSize()) + '\n';
}

void Json::key(std::string_view name) {
  writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

}  // namespace examples
