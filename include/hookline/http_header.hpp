#pragma once

#include <string>

namespace hookline {

/// One header field of a request, as it is sent.
struct HttpHeader {
  std::string name;
  std::string value;
};

}  // namespace hookline
