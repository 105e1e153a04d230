// Whatever goes wrong, nothing that people or programs get to read holds a secret, a password, a
// token, a user name in a URL or its query.
#include <mutex>

#include "catch.hpp"
#include "fakes/http_server.hpp"
#include "fakes/samples.hpp"
#include "hookline/sealed_webhooks.hpp"
#include "hookline/signer.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

/// Stands in everything that is secret, and in nothing else.
constexpr const char* kMark = "HushHush";
const std::string kHidden = kMark;

/// Gathers what can be read.
class Texts final : public Observer, public Logger {
 public:
  void add(std::string text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    texts_.push_back(std::move(text));
  }
  void add(const Error& error) { add(error.message); }
  template <class T>
  void add(const Result<T>& result) {
    if (!result) add(result.error());
  }
  void add(const Delivery& delivery) {
    for (const std::string* text : {&delivery.url, &delivery.error, &delivery.webhook_id,
                                    &delivery.import_id, &delivery.tenant}) {
      add(*text);
    }
  }
  void add(const Attempt& attempt) {
    add(attempt.url);
    add(attempt.error);
  }
  void add(const DispatchReceipt& receipt) {
    for (const AcceptedDelivery& delivery : receipt.deliveries) {
      if (delivery.refused) add(*delivery.refused);
    }
    if (receipt.headless_error) add(*receipt.headless_error);
  }

  void on_dispatch(const DispatchReceipt& receipt) override { add(receipt); }
  void on_attempt(const Delivery& delivery, const Attempt& attempt) override {
    add(delivery);
    add(attempt);
  }
  void on_outcome(const Delivery& delivery) override { add(delivery); }
  void on_webhook_disabled(const Webhook& webhook) override { add(webhook.disabled_reason); }
  void log(LogLevel, std::string_view message) override { add(std::string(message)); }

  /// At least so many, or the test has looked at nothing.
  void check(std::size_t at_least) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    CHECK(texts_.size() >= at_least);
    for (const std::string& text : texts_) {
      INFO(text);
      CHECK(text.find(kMark) == std::string::npos);
    }
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

/// Every answer of a dispatcher.
void add_answers(Texts& texts, Dispatcher& dispatcher) {
  const DeliveryPage deliveries = dispatcher.deliveries().value();
  for (const Delivery& delivery : deliveries.deliveries) {
    texts.add(delivery);
    const std::vector<Attempt> attempts = dispatcher.attempts(delivery.id).value();
    for (const Attempt& attempt : attempts) texts.add(attempt);
  }
  const LanePage lanes = dispatcher.lanes().value();
  for (const LaneStats& lane : lanes.lanes) texts.add(lane.origin);
  texts.add(dispatcher.metrics().value_or(""));
}

std::vector<std::string> bad_urls() {
  return {"https://user:" + kHidden + "@example.com/",
          "https://" + kHidden + "@example.com/",
          "https://example.com:" + kHidden + "/",
          "https://127.0.0.1/?token=" + kHidden,
          "http://example.com/?token=" + kHidden,
          "https://localhost/#" + kHidden,
          "https://example.com/a b?token=" + kHidden,
          "https://example.com\\@" + kHidden + "/",
          "https:/example.com/?token=" + kHidden,
          "https://?token=" + kHidden,
          "https://example.com:22/?token=" + kHidden,
          "https://\xc3\xa9.example.com/?token=" + kHidden,
          "https://user:" + kHidden + "@127.0.0.1:22/?token=" + kHidden};
}

std::vector<std::string> bad_secrets() {
  return {kHidden,
          "whsec_" + kHidden,
          "whsec_" + kHidden + kHidden + kHidden + kHidden + "%",
          "whsk_" + kHidden + kHidden + "HushHush",
          "whpk_" + kHidden,
          "whsec_SHVzaEh1c2g=",
          kHidden + "\n"};
}

Webhook unfit(const std::string& url) { return webhook_to(url, "crm"); }

std::vector<Webhook> unfit_webhooks() {
  std::vector<Webhook> webhooks;
  for (const std::string& url : bad_urls()) webhooks.push_back(unfit(url));
  for (const std::string& secret : bad_secrets()) {
    webhooks.push_back(webhook_to());
    webhooks.back().secrets = {Secret(secret), Secret(secret)};
  }
  for (const std::string& text :
       {kHidden + "\r\n", kHidden + " x", kHidden + "\xff", std::string(5000, 'x') + kHidden}) {
    webhooks.push_back(webhook_to());
    webhooks.back().bearer_token = Secret(text);
    webhooks.push_back(webhook_to());
    webhooks.back().basic_auth = BasicCredentials{"user:", Secret(text)};
    webhooks.push_back(webhook_to());
    webhooks.back().headers = {{"x-api-key", text + "\n"}, {"X-API-KEY", text}};
  }
  for (const std::string& pem : {kHidden, "-----BEGIN PRIVATE KEY-----\n" + kHidden}) {
    webhooks.push_back(webhook_to());
    webhooks.back().client_certificate = ClientCertificate{"no certificate", Secret(pem)};
  }
  webhooks.push_back(webhook_to());
  webhooks.back().bearer_token = Secret(kHidden);
  webhooks.back().basic_auth = BasicCredentials{"user", Secret(kHidden)};
  return webhooks;
}

/// A webhook whose every credential is in order.
Webhook marked_webhook(const std::string& url) {
  Webhook webhook = webhook_to(url + "?token=" + kHidden, "crm");
  webhook.basic_auth = BasicCredentials{"user", Secret(kHidden)};
  webhook.secrets = {Secret("whsec_" + kHidden + kHidden + kHidden + kHidden)};
  webhook.retry_schedule = {{0ms}};
  return webhook;
}

}  // namespace

TEST_CASE("No fault of a webhook shows a secret, refused, loaded as disabled or enabled again") {
  Texts texts;
  WebhookRegistry registry;
  REQUIRE(registry.add(webhook_to("https://example.com/", "kept")));
  for (Webhook webhook : unfit_webhooks()) {
    const auto added = registry.add(webhook);
    CHECK_FALSE(added);
    texts.add(added);
    webhook.id = "kept";
    webhook.revision = 1;
    texts.add(registry.update(webhook));
  }
  for (const std::string& url : bad_urls()) {
    std::string escaped;
    for (const char c : url) escaped += c == '\\' ? "\\\\" : std::string(1, c);
    const auto report = registry.load_json(
        R"({"version":1,"webhooks":[{"id":"crm","all_imports":true,"url":")" + escaped +
        R"(","bearer_token":"HushHush HushHush","secrets":["HushHush"]}]})");
    texts.add(report);
    REQUIRE(report);
    for (const std::string& line : report->disabled) texts.add(line);
    texts.add(registry.get("crm")->disabled_reason);
    texts.add(registry.enable("crm"));
  }
  texts.check(70);
}

TEST_CASE("No fault of a document shows a secret that stands in it") {
  Texts texts;
  WebhookRegistry registry;
  const std::string head = R"({"version":1,"webhooks":[{"url":"https://a.example.com/","secrets":)";
  for (const char* end :
       {R"(["HushHush",1]}]})", R"("HushHush"}]})", R"({"HushHush":1}}]})", R"(["HushHush]}]})",
        R"(["HushHush\udc00"]}]})", R"(["HushHush\u0000"]}]})", R"(["HushHush"],"revision":"x"}]})",
        R"(["HushHush"]}]}HushHush)", R"(["HushHush","[redacted]"]}]})",
        R"([],"bearer_token":["HushHush"]}]})", R"([],"client_certificate":{"key":"HushHush"}}]})",
        R"([],"client_certificate":{"certificate":1,"key":"HushHush"}}]})",
        R"([],"basic_auth":"HushHush"}]})", R"([],"basic_auth":{"password":"HushHush"}}]})"}) {
    const auto report = registry.load_json(head + end);
    INFO(end);
    CHECK_FALSE(report);
    texts.add(report);
  }
  texts.check(12);
}

TEST_CASE("No error of signing, verifying or of the keys of the seal shows a key") {
  Texts texts;
  for (const std::string& secret : bad_secrets()) {
    texts.add(Signer::create({secret}));
    texts.add(verify({secret}, {"msg", "1", "v1," + kHidden}, kHidden, {}));
    DispatcherOptions options;
    options.store = std::make_shared<MemoryStore>();
    options.basic_secrets = {Secret(secret)};
    WebhookRegistry registry;
    texts.add(Dispatcher::create(registry, options));
  }
  // Where the id was forgotten, or stands behind its key.
  const std::string key = "HushHushHushHushHushHushHushHushHushHushHus=";
  for (const std::string& line :
       {key, key + " key-1", key + " " + key, key.substr(0, 43),
        key.substr(0, 43) + " " + key + "=", kHidden + " aGk=", "key-1 " + kHidden, "key-1  " + key,
        "key-1 " + key + "%", "a b " + key, "key-1 " + key.substr(0, 40)}) {
    INFO(line);
    CHECK_FALSE(read_sealing_keys(line));
    texts.add(read_sealing_keys(line));
  }
  texts.add(SealedWebhooks::create(nullptr, {{"key-1", Secret(kHidden)}}));
  texts.check(20);
}

TEST_CASE("No word about a basic webhook that is refused or fails shows what its URL hides") {
  const auto texts = std::make_shared<Texts>();
  DispatcherOptions options;
  options.observer = texts;
  options.logger = texts;
  Bench bench(options);
  std::vector<std::string> urls = bad_urls();
  urls.push_back("https://example.com/hooks?token=" + kHidden);
  for (std::size_t i = 0; i < urls.size(); ++i) {
    Import import = completed_import("import-" + std::to_string(i));
    import.webhook_url = urls[i];
    bench.transport->answer_next(testing::status(500));
    const auto receipt = bench.dispatcher->dispatch(import);
    REQUIRE(receipt);
    texts->add(*receipt);
  }
  REQUIRE(bench.transport->wait_for_requests(1, 10s));
  REQUIRE(bench.wait_for_attempts(0));
  add_answers(*texts, *bench.dispatcher);
  bench.dispatcher->shutdown(5s);
  texts->check(50);
}

TEST_CASE("Nothing that is told of requests that fail on the wire shows what they carried") {
  HttpServer server([](Exchange& exchange) {
    const std::string target = exchange.request().target;
    if (target.find("/gone") == 0) exchange.respond(410);
    if (target.find("/redirect") == 0) exchange.respond(302, "", "location: /?a=HushHush\r\n");
    if (target.find("/fails") == 0) exchange.respond(500);
    if (target.find("/reset") == 0) exchange.reset();
    if (target.find("/nonsense") == 0) exchange.write("HushHush\r\n\r\n");
    if (target.find("/hangs") == 0) exchange.hang();
  });
  const auto texts = std::make_shared<Texts>();
  WebhookRegistry registry(loopback_policy());
  DispatcherOptions options;
  options.store = std::make_shared<MemoryStore>();
  options.observer = texts;
  options.logger = texts;
  options.request_timeout = 300ms;
  auto dispatcher = Dispatcher::create(registry, options).value();
  const auto try_url = [&](const std::string& url) {
    const Webhook webhook = registry.add(marked_webhook(url)).value();
    REQUIRE(dispatcher->dispatch(completed_import(url)));
    REQUIRE(dispatcher->flush(20s));
    REQUIRE(registry.remove(webhook.id));
  };
  for (const char* path : {"/gone", "/redirect", "/fails", "/reset", "/nonsense", "/hangs"}) {
    try_url(server.url(path));
  }
  try_url("http://127.0.0.1:1025/");  // nobody listens
  add_answers(*texts, *dispatcher);
  dispatcher->shutdown(5s);
  texts->check(50);
}

TEST_CASE("The JSON form of a registry holds no secret unless it is asked for by name") {
  WebhookRegistry registry;
  Webhook webhook = webhook_to("https://example.com/", "crm");
  webhook.basic_auth = BasicCredentials{"user", Secret(kHidden)};
  webhook.secrets = {Secret("whsec_" + kHidden + kHidden + kHidden + kHidden)};
  REQUIRE(registry.add(webhook));
  Webhook bearer = webhook_to("https://example.com/", "bearer");
  bearer.bearer_token = Secret(kHidden);
  REQUIRE(registry.add(bearer));
  CHECK(registry.to_json().find(kMark) == std::string::npos);
  CHECK(registry.to_json(Secrets::revealed).find(kMark) != std::string::npos);
}
