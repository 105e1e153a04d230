#include "build/redactor.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hookline::detail {

TextSearch::TextSearch(std::string needle) : needle_(std::move(needle)), borders_(needle_.size()) {
  std::size_t border = 0;
  for (std::size_t i = 1; i < needle_.size(); ++i) {
    while (border > 0 && needle_[i] != needle_[border]) border = borders_[border - 1];
    if (needle_[i] == needle_[border]) ++border;
    borders_[i] = border;
  }
}

std::size_t TextSearch::Walk::next() {
  const std::string& needle = search_.needle_;
  while (haystack_.size() - position_ >= needle.size() - matched_) {
    if (matched_ == 0) {
      // A bounded part of the needle, so that the time of `memmem` is bounded by the haystack.
      const std::size_t length = std::min<std::size_t>(needle.size(), 32);
      const void* start =
          memmem(haystack_.data() + position_, haystack_.size() - position_, needle.data(), length);
      if (start == nullptr) return kNone;
      position_ =
          static_cast<std::size_t>(static_cast<const char*>(start) - haystack_.data()) + length;
      matched_ = length;
    } else if (haystack_[position_] == needle[matched_]) {
      ++position_;
      ++matched_;
    } else {
      matched_ = search_.borders_[matched_ - 1];
    }
    if (matched_ == needle.size()) {
      matched_ = search_.borders_[matched_ - 1];
      return position_ - needle.size();
    }
  }
  return kNone;
}

Redactor::Redactor(const std::vector<std::string>& secrets)
    : searches_(secrets.begin(), secrets.end()) {}

std::string_view Redactor::redact(std::string_view text) {
  if (!find_matches(text)) return text;
  redacted_.clear();
  for (std::size_t i = 0; i < text.size();) {
    if (lengths_[i] == 0) {
      redacted_ += text[i++];
    } else {
      redacted_ += "[redacted]";
      i += lengths_[i];
    }
  }
  return redacted_;
}

bool Redactor::find_matches(std::string_view text) {
  bool found = false;
  for (const TextSearch& search : searches_) {
    TextSearch::Walk walk(search, text);
    for (std::size_t at = walk.next(); at != TextSearch::kNone; at = walk.next()) {
      if (!std::exchange(found, true)) lengths_.assign(text.size(), 0);
      lengths_[at] = std::max(lengths_[at], search.needle().size());
    }
  }
  return found;
}

}  // namespace hookline::detail
