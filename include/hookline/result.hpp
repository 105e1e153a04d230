#pragma once

#include <tl/expected.hpp>

#include "hookline/error.hpp"

namespace hookline {

/// A value, or the reason why there is none. Nothing in hookline throws across its boundary.
template <class T>
using Result = tl::expected<T, Error>;

}  // namespace hookline
