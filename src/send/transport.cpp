#include "hookline/transport.hpp"

namespace hookline {

std::string_view to_string(FailureClass failure) {
  switch (failure) {
    case FailureClass::policy:
      return "policy";
    case FailureClass::dns:
      return "dns";
    case FailureClass::connect:
      return "connect";
    case FailureClass::tls:
      return "tls";
    case FailureClass::timeout:
      return "timeout";
    case FailureClass::protocol:
      return "protocol";
    case FailureClass::connection:
      return "connection";
    case FailureClass::cancelled:
      return "cancelled";
    case FailureClass::internal:
      return "internal";
  }
  return "unknown";
}

Transport::~Transport() = default;

}  // namespace hookline
