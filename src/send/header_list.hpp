#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <string>
#include <vector>

#include "hookline/http_header.hpp"

namespace hookline::detail {

/// A `curl_slist` for CURLOPT_HTTPHEADER whose memory is used again for the next request, where
/// `curl_slist_append` takes two allocations for each line.
class HeaderList {
 public:
  void clear() {
    text_.clear();
    offsets_.clear();
  }

  /// CURLOPT_HTTPHEADER(3): a header without a value is written `Name;`.
  void add(const HttpHeader& header) {
    offsets_.push_back(text_.size());
    text_ += header.name;
    const bool blank = header.value.find_first_not_of(" \t") == std::string::npos;
    text_ += blank ? ";" : ": ";
    if (!blank) text_ += header.value;
    text_ += '\0';
  }

  /// Keeps libcurl from adding this header itself.
  void leave_out(const char* name) {
    offsets_.push_back(text_.size());
    text_ += name;
    text_ += ':';
    text_ += '\0';
  }

  /// Valid until the next call of another member; null when nothing was added.
  [[nodiscard]] curl_slist* list() {
    nodes_.resize(offsets_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].data = text_.data() + offsets_[i];
      nodes_[i].next = i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr;
    }
    return nodes_.empty() ? nullptr : nodes_.data();
  }

 private:
  std::string text_;
  std::vector<std::size_t> offsets_;
  std::vector<curl_slist> nodes_;
};

}  // namespace hookline::detail
