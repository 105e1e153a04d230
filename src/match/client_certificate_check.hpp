#pragma once

#include <string>
#include <vector>

#include "hookline/client_certificate.hpp"

namespace hookline::detail {

/// Every rule that a webhook's client certificate breaks, in the form of `faults_of`. Dates are no
/// matter: whether it is still good is for the receiver to say. Never shows the key.
[[nodiscard]] std::vector<std::string> client_certificate_faults(
    const ClientCertificate& certificate);

}  // namespace hookline::detail
