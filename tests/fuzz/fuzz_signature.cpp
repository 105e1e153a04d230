// Whatever is signed verifies, and nothing else does.
#include <algorithm>
#include <chrono>

#include "fuzz.hpp"
#include "hookline/signer.hpp"

namespace hookline::fuzz {
namespace {

using Time = std::chrono::system_clock::time_point;

constexpr std::int64_t kNow = 1'700'000'000;
const Time kWall{std::chrono::seconds(kNow)};

/// Nobody has this key but this process: a signature that verifies under it was forged.
const std::string& own_secret() {
  static const std::string secret(generate_secret().value().reveal());
  return secret;
}

void check_forgery(const SignatureHeaders& headers, const std::string& body) {
  promise(!verify({own_secret()}, headers, body, kWall), "nothing verifies without the key",
          headers.signature);
  // Not even for whoever accepts everything else about the message.
  SignatureHeaders better = headers;
  better.id = "msg_1";
  better.timestamp = std::to_string(kNow);
  const auto verified = verify({own_secret()}, better, body, kWall);
  promise(!verified && verified.error().code == ErrorCode::invalid_signature,
          "a header that was made up is an invalid signature", headers.signature);
}

void check_message(const std::string& secret) {
  const auto refused = Signer::create({secret + "Hush-Hush-42"});
  promise(refused || !contains(refused.error().message, "Hush"), "an error shows no secret",
          secret);
}

void check_round_trip(const std::string& secret, const std::string& id, const std::string& body) {
  const auto signer = Signer::create({secret});
  if (!signer) return;
  const auto signature = signer->sign(id, kNow, body);
  SignatureHeaders headers{id, std::to_string(kNow), signature.value_or("")};
  const auto verified = verify({secret}, headers, body, kWall);
  if (!signature) {
    promise(signature.error().code == ErrorCode::invalid_message_id && !verified,
            "only ids that verify are signed", id);
    return;
  }
  promise(verified.has_value(), "what was signed verifies", body);
  promise(!verify({secret}, headers, body + ' ', kWall), "a longer body does not", body);
  if (!body.empty()) {
    std::string other = body;
    other[body.size() / 2] = static_cast<char>(other[body.size() / 2] ^ 1);
    promise(!verify({secret}, headers, other, kWall), "another body does not", body);
  }
  promise(!verify({secret}, {id + 'x', headers.timestamp, headers.signature}, body, kWall),
          "another id does not", id);
  promise(!verify({secret}, {id, std::to_string(kNow + 1), headers.signature}, body, kWall),
          "another time does not", id);
}

}  // namespace

void check(std::string_view input) {
  Pieces pieces(input);
  const std::string secret = pieces.next();
  SignatureHeaders headers;
  headers.id = pieces.next();
  headers.timestamp = pieces.next();
  headers.signature = pieces.next();
  const std::string body = pieces.rest();
  check_forgery(headers, body);
  check_message(secret);
  check_round_trip(secret, headers.id, body);
  check_round_trip(own_secret(), headers.id, body);
  static_cast<void>(verify({secret, "whpk_" + secret}, headers, body, kWall));
}

}  // namespace hookline::fuzz
