#pragma once

#include <hookline/error.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace examples {

/// A value, or what is wrong with the input: one line that names the option or the file.
template <class T>
using Checked = tl::expected<T, std::string>;

/// What hookline says of something that stands there.
[[nodiscard]] inline tl::unexpected<std::string> fault(std::string_view where,
                                                       const hookline::Error& error) {
  return tl::unexpected<std::string>(std::string(where) + ": " + error.message);
}

}  // namespace examples
