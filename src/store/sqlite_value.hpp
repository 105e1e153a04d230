#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "hookline/clock.hpp"
#include "store/sqlite_time.hpp"

namespace hookline::detail {

/// Bytes that are given to SQLite as a BLOB; nothing becomes NULL.
struct Blob {
  std::optional<std::string_view> bytes;
};

/// What SQLite is given for a column. Texts and blobs stay where they are.
struct SqliteValue {
  enum class Kind : std::uint8_t { null, integer, text, blob };
  Kind kind = Kind::null;
  std::int64_t integer = 0;
  std::string_view bytes;

  /// Of the bytes: SQLite would take a null pointer for NULL.
  [[nodiscard]] const char* data() const { return bytes.data() == nullptr ? "" : bytes.data(); }
};

/// Of whole numbers, enumerations, times, texts and blobs; nothing is NULL.
template <class T>
[[nodiscard]] SqliteValue value_of(const T& value) {
  using Kind = SqliteValue::Kind;
  if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    return {Kind::integer, static_cast<std::int64_t>(value), {}};
  } else if constexpr (std::is_same_v<T, DueTime> ||
                       std::is_same_v<T, std::chrono::system_clock::time_point>) {
    return {Kind::integer, to_micros(value), {}};
  } else if constexpr (std::is_same_v<T, Blob>) {
    return value.bytes ? SqliteValue{Kind::blob, 0, *value.bytes} : SqliteValue();
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return {Kind::text, 0, value};
  } else {
    return value ? value_of(*value) : SqliteValue();
  }
}

}  // namespace hookline::detail
