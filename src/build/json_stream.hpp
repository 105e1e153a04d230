#pragma once

#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace hookline::detail {

/// The document as RapidJSON reads it. RapidJSON's own `StringStream` runs past the end of a text
/// that ends within a character; this one stops.
class JsonInput {
 public:
  using Ch = char;

  explicit JsonInput(std::string_view text)
      : begin_(text.data()), next_(begin_), end_(begin_ + text.size()) {}

  Ch Peek() const { return next_ == end_ ? '\0' : *next_; }
  Ch Take() { return next_ == end_ ? '\0' : *next_++; }
  std::size_t Tell() const { return static_cast<std::size_t>(next_ - begin_); }

  std::string_view document() const { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }

  /// The string whose first quote is next and that reads as `length` bytes, with its quotes, if it
  /// holds no escape; otherwise nothing. An escape is longer than what it stands for: if there is
  /// one, a quote can follow `length` bytes only as a part of an escape.
  std::string_view string_without_escapes(std::size_t length) const {
    const char* last = next_ + length + 1;
    if (*last != '"' || (length > 0 && last[-1] == '\\')) return {};
    return {next_, length + 2};
  }

  // For writing in place, which a reader must be able to name and never does.
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  void Flush() {}
  std::size_t PutEnd(Ch*) { return 0; }

 private:
  const char* begin_;
  const char* next_;
  const char* end_;
};

/// Iterative, since recursion would let a document choose the depth of our stack; numbers as text,
/// so that their digits stay and nothing computes with them.
constexpr unsigned kJsonReaderFlags = rapidjson::kParseValidateEncodingFlag |
                                      rapidjson::kParseIterativeFlag |
                                      rapidjson::kParseNumbersAsStringsFlag;

/// RapidJSON's writer, which checks strings once more (the reader lets a lone `\udc00` through),
/// with a short cut for what is written as it was read: most of every document.
class JsonWriter
    : public rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                               rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag> {
 public:
  using Writer::Writer;

  /// What was written so far.
  std::size_t size() const { return os_->GetSize(); }

  bool String(std::string_view text) {
    return Writer::String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }

  /// A number or a string, quotes included.
  bool Verbatim(std::string_view token, rapidjson::Type type) {
    Prefix(type);
    std::copy(token.begin(), token.end(), os_->Push(token.size()));
    return EndValue(true);
  }
};

}  // namespace hookline::detail

/// The reader works on a copy of the stream while it reads a string or a number. That is faster,
/// and it leaves the stream that a handler sees at the first byte of the token.
template <>
struct rapidjson::StreamTraits<hookline::detail::JsonInput> {
  enum { copyOptimization = 1 };
};
