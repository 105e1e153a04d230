#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "hookline/result.hpp"

namespace hookline::detail {

/// An error in the form that every `Result` takes: `return fail(ErrorCode::…, "…: {}", x);`
template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format,
                                         Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// The same error with a field's name in front of its message.
[[nodiscard]] inline tl::unexpected<Error> fail_in(std::string_view field, const Error& error) {
  return tl::unexpected<Error>(Error{error.code, fmt::format("{}: {}", field, error.message)});
}

}  // namespace hookline::detail
