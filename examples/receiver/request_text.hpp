#pragma once

#include <httplib.h>

#include <string>
#include <vector>

namespace receiver {

/// A request as a person reads it, several lines with their ends: method and path, what it is
/// answered with, content type, `webhook-` headers, whether one of the secrets signed it (if there
/// are any), and the body. Control characters are escaped, so that no request can forge a line.
std::string request_text(const httplib::Request& request, int status,
                         const std::vector<std::string>& secrets);

}  // namespace receiver
