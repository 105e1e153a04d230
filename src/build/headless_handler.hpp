#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "build/json_stream.hpp"
#include "build/member_names.hpp"
#include "build/redactor.hpp"
#include "hookline/payload_builder.hpp"

namespace hookline::detail {

constexpr std::string_view kLoneSurrogate = "a lone surrogate";
constexpr std::string_view kBeyondDouble = "a number beyond double";

/// No text that is shorter is redacted: it could be any word.
constexpr std::size_t kMinSecretBytes = 8;

/// Why a document was refused, and where.
struct Fault {
  std::string what;
  std::size_t offset = 0;
};

/// A part of what was written.
struct Span {
  std::uint32_t begin;
  std::uint32_t end;
};

/// What the reader's events go through on their way to the writer: it counts, checks, leaves out
/// what is removed, and keeps the texts that removed members held. An event that answers false ends
/// the reading, and `fault()` says why.
class HeadlessHandler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, HeadlessHandler> {
 public:
  using Size = rapidjson::SizeType;

  /// `input` is the stream that is being read. `redactor` may be null.
  HeadlessHandler(const JsonInput& input, JsonWriter& writer, const PayloadOptions& options,
                  Redactor* redactor)
      : input_(input),
        writer_(writer),
        options_(options),
        redactor_(redactor),
        names_(input.document()) {}

  [[nodiscard]] const Fault& fault() const { return fault_; }

  /// What to redact: the first 16 different texts of 8 bytes or more that removed members held.
  [[nodiscard]] std::vector<std::string> take_secrets() { return std::move(secrets_); }

  /// The string values that were written as they stood and could hold a secret, without their
  /// quotes, in order.
  [[nodiscard]] std::vector<Span> take_verbatim_values() { return std::move(verbatim_values_); }

  bool Null();
  bool Bool(bool value);
  bool RawNumber(const char* digits, Size length, bool);
  bool String(const char* data, Size length, bool);
  bool StartObject();
  bool Key(const char* data, Size length, bool);
  bool EndObject(Size);
  bool StartArray();
  bool EndArray(Size);

 private:
  bool begin_container();
  template <class Write>
  bool end_value(Write write);

  bool removing() const { return removing_in_ != 0; }
  bool write_value(std::string_view text);
  bool write_name(std::string_view name);
  void keep_secret(std::string_view text);
  std::string_view redacted(std::string_view text);
  bool refuse(std::string_view what);
  bool refuse_at(std::size_t offset, std::string_view what);

  const JsonInput& input_;
  JsonWriter& writer_;
  const PayloadOptions& options_;
  Redactor* redactor_;

  MemberNames names_;
  std::vector<std::string> secrets_;
  std::vector<Span> verbatim_values_;
  std::size_t depth_ = 0;
  std::size_t members_ = 0;
  std::size_t removing_in_ = 0;   ///< depth of the object whose member is being removed, or 0
  bool value_is_secret_ = false;  ///< the next value belongs to a removed name
  Fault fault_;
};

}  // namespace hookline::detail
