#include "hookline/version.hpp"

namespace hookline {

std::string_view version() { return HOOKLINE_VERSION; }

}  // namespace hookline
