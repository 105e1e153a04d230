#pragma once

#include <string>
#include <tl/expected.hpp>

namespace examples {

/// A value, or what is wrong with the input: one line that names the option or the file.
template <class T>
using Checked = tl::expected<T, std::string>;

}  // namespace examples
