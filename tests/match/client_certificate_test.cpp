// Client certificates of webhooks: what is taken, and where the key is not seen.

#include <openssl/err.h>

#include <sstream>

#include "fakes/certificate.hpp"
#include "match/client_certificate_check.hpp"
#include "match/sample_webhook.hpp"

using namespace hookline;
using namespace hookline::test;
using Catch::Contains;
using Catch::StartsWith;
using fakes::Certificate;

namespace {

const Certificate& pair() {
  static const Certificate made = Certificate::create({});
  return made;
}

ClientCertificate identity(std::string certificate = pair().certificate_pem,
                           std::string key = pair().key_pem) {
  return {std::move(certificate), Secret(std::move(key))};
}

void check_fault(const std::string& beginning, const ClientCertificate& certificate) {
  const auto faults = detail::client_certificate_faults(certificate);
  CAPTURE(beginning, faults);
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0], StartsWith("client_certificate." + beginning));
  CHECK_THAT(faults[0], !Contains("MI"));  // how the base64 of every key begins
}

Webhook webhook_with(ClientCertificate certificate) {
  Webhook webhook = sample_webhook("a");
  webhook.client_certificate = std::move(certificate);
  return webhook;
}

}  // namespace

TEST_CASE("A certificate or a chain with its key is taken") {
  const std::string other = Certificate::create({}).certificate_pem;
  CHECK(detail::client_certificate_faults(identity()).empty());
  CHECK(detail::client_certificate_faults(identity(pair().certificate_pem + other)).empty());
  CHECK(
      detail::client_certificate_faults(identity("subject=x\n" + pair().certificate_pem)).empty());
}

TEST_CASE("A certificate that cannot be read is a fault of its field") {
  const std::string& pem = pair().certificate_pem;
  std::string broken = pem;
  broken[broken.size() / 2] = '!';
  check_fault("certificate: is not PEM", identity(""));
  check_fault("certificate: is not PEM", identity("text"));
  check_fault("certificate: is not PEM", identity(pem.substr(0, pem.size() / 2)));
  check_fault("certificate: is not PEM", identity(broken));
  check_fault("certificate: is not PEM",
              identity(pem + "-----BEGIN X-----\nAAAA\n-----END X-----\n"));
  check_fault("certificate: is not UTF-8", identity(pem + "\xff"));
  check_fault("certificate: 7", identity(pem + std::string(70'000, 'x')));
}

TEST_CASE("A key that stands in the certificate's place, or beside it, is refused") {
  const std::string& pem = pair().certificate_pem;
  check_fault("certificate: holds a private key", identity(pem + pair().key_pem));
  check_fault("certificate: holds a private key", identity(pair().key_pem));
  check_fault("certificate: holds a private key",
              identity(pem + pair().key_pem.substr(0, 60)));  // half of one is one too many
}

TEST_CASE("A key that cannot be used is a fault of its field, and never shown") {
  const std::string& pem = pair().certificate_pem;
  check_fault("key: is not a private key", identity(pem, ""));
  check_fault("key: is not a private key", identity(pem, pem));
  check_fault("key: is not a private key", identity(pem, pair().key_pem.substr(0, 80)));
  check_fault("key: is the text that stands for a hidden one", identity(pem, "[redacted]"));
  check_fault("key: has a pass phrase", identity(pem, fakes::encrypted(pair().key_pem)));
  check_fault("key: does not belong to the first certificate",
              identity(pem, Certificate::create({}).key_pem));
  check_fault("key: does not belong to the first certificate",
              identity(Certificate::create({}).certificate_pem + pem));
  check_fault("key: 7", identity(pem, pair().key_pem + std::string(70'000, 'x')));
}

TEST_CASE("Checking a certificate leaves the errors of OpenSSL to the host") {
  ERR_clear_error();
  ERR_raise(ERR_LIB_USER, 7);
  CHECK_FALSE(detail::client_certificate_faults(identity("text", "text")).empty());
  CHECK(detail::client_certificate_faults(identity()).empty());
  CHECK(ERR_GET_REASON(ERR_get_error()) == 7);
  CHECK(ERR_get_error() == 0);
}

TEST_CASE("A webhook's client certificate is checked when it is added and updated") {
  WebhookRegistry registry;
  const auto wrong = registry.add(webhook_with(identity(pair().certificate_pem, "text")));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::invalid_webhook);
  CHECK_THAT(wrong.error().message, StartsWith("client_certificate.key: "));
  Webhook webhook = value_of(registry.add(webhook_with(identity())));
  CHECK(webhook.client_certificate == identity());
  webhook.client_certificate->key = Secret(Certificate::create({}).key_pem);
  CHECK_FALSE(registry.update(webhook));
  webhook.client_certificate.reset();
  CHECK(registry.update(webhook));
}

TEST_CASE("A client certificate goes with https alone") {
  AddressPolicyOptions options;
  options.allow_http = true;
  WebhookRegistry registry(AddressPolicy::create(options).value());
  Webhook webhook = webhook_with(identity());
  webhook.url = "http://hooks.acme.com/";
  const auto refused = registry.add(webhook);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, StartsWith("client_certificate: no receiver asks"));
}

TEST_CASE("The key of a client certificate is shown to who asks for secrets and to nobody else") {
  WebhookRegistry registry;
  value_of(registry.add(webhook_with(identity())));
  const std::string redacted = registry.to_json();
  CHECK_THAT(redacted, Contains(R"(-----END CERTIFICATE-----\n","key":"[redacted]"})"));
  CHECK_THAT(redacted, !Contains("PRIVATE KEY"));
  const auto refused = registry.load_json(redacted);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message,
             StartsWith("webhooks[0].client_certificate.key: was left out"));

  const std::string revealed = registry.to_json(Secrets::revealed);
  WebhookRegistry other;
  value_of(other.load_json(revealed));
  CHECK(other.find("a")->client_certificate == identity());
  CHECK(other.to_json(Secrets::revealed) == revealed);
  std::ostringstream printed;
  printed << other.find("a")->client_certificate->key;
  CHECK(printed.str() == "[secret]");
}

TEST_CASE("A document that changes a client certificate alone is a change") {
  WebhookRegistry registry;
  value_of(registry.add(webhook_with(identity())));
  const std::string saved = registry.to_json(Secrets::revealed);
  const Certificate next = Certificate::create({});
  Webhook webhook = *registry.find("a");
  webhook.client_certificate = identity(next.certificate_pem, next.key_pem);
  value_of(registry.update(webhook));
  value_of(registry.load_json(saved));
  CHECK(registry.find("a")->client_certificate == identity());
  CHECK(registry.find("a")->revision == 3);
}

TEST_CASE("A certificate in a document is an object of two texts") {
  WebhookRegistry registry;
  const auto message_for = [&](const std::string& value) {
    const auto loaded = registry.load_json(
        R"({"version":1,"webhooks":[{"url":"https://hooks.acme.com/","all_imports":true,)"
        R"("client_certificate":)" +
        value + "}]}");
    return loaded ? "" : loaded.error().message;
  };
  CHECK_THAT(message_for("7"), StartsWith("webhooks[0].client_certificate: must be an object"));
  CHECK_THAT(message_for(R"({"certificate":"x"})"),
             StartsWith("webhooks[0].client_certificate.key: is missing"));
  CHECK_THAT(message_for(R"({"certificate":"x","key":7})"),
             StartsWith("webhooks[0].client_certificate.key: must be a text"));
}
