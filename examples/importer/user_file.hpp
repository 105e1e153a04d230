#pragma once

#include <hookline/import.hpp>
#include <string>

#include "common/checked.hpp"

namespace importer {

/// Reads a `User` from a JSON object with its members as keys; each is a string or null, and any
/// may be left out.
examples::Checked<hookline::User> read_user(const std::string& path);

}  // namespace importer
