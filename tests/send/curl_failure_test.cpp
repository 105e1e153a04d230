#include "send/curl_failure.hpp"

#include <string>

#include "catch.hpp"

using namespace hookline;
using detail::curl_failure;

TEST_CASE("A failure's message is one printable line, whatever came from the network") {
  const TransportFailure failure =
      curl_failure(CURLE_PEER_FAILED_VERIFICATION, "certificate of \x1b[31m\r\nevil\xff");
  CHECK(failure.failure == FailureClass::tls);
  CHECK(failure.message == "certificate of \\x1b[31m\\x0d\\x0aevil\\xff");
  CHECK_FALSE(failure.permanent);
}

TEST_CASE("A failure without a text of its own gets that of its code") {
  CHECK(curl_failure(CURLE_COULDNT_CONNECT, "").message ==
        curl_easy_strerror(CURLE_COULDNT_CONNECT));
}

TEST_CASE("A refusal that TLS tells of after the handshake is one of TLS") {
  const char* const alert =
      "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0";
  CHECK(curl_failure(CURLE_RECV_ERROR, alert).failure == FailureClass::tls);
  CHECK(curl_failure(CURLE_SEND_ERROR, alert).failure == FailureClass::tls);
  CHECK(curl_failure(CURLE_RECV_ERROR, "Recv failure: Connection reset by peer").failure ==
        FailureClass::connection);
}

TEST_CASE("A code that no network can cause is a fault on this side") {
  CHECK(curl_failure(CURLE_BAD_FUNCTION_ARGUMENT, "").failure == FailureClass::internal);
}
