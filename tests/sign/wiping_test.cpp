#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "fakes/freed_memory.hpp"
#include "hookline/secret.hpp"
#include "hookline/signer.hpp"
#include "sign/base64.hpp"

namespace {

/// Base64 of 24 times the byte `3`, and these bytes themselves.
constexpr std::string_view kText = "MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMz";
constexpr std::string_view kBytes = "333333333333333333333333";

/// How many blocks with key material were given back while it ran.
template <class Action>
int leaks_of(Action action) {
  return hookline::fakes::leaks_of({kText, kBytes}, action);
}

std::string secret_text() { return "whsec_" + std::string(kText); }

TEST_CASE("the watch over the heap sees text that was not wiped") {
  CHECK(leaks_of([] { secret_text(); }) > 0);
  if (!hookline::fakes::sees_malloc()) return;
  CHECK(leaks_of([] { std::free(::strdup(kText.data())); }) > 0);
}

TEST_CASE("a secret wipes its text and the string that it came in") {
  std::string text = secret_text();
  CHECK(leaks_of([&] { const hookline::Secret secret(std::move(text)); }) == 0);
}

TEST_CASE("decoded base64 is wiped") {
  CHECK(leaks_of([] { CHECK(hookline::detail::decode_base64(kText)->size() == kBytes.size()); }) ==
        0);
}

TEST_CASE("a signer wipes the strings that its secrets came in, also when it refuses them") {
  for (const char* last : {"", "whsec_%"}) {
    std::vector<std::string> secrets;
    secrets.push_back(secret_text());
    if (*last != '\0') secrets.push_back(last);
    CHECK(leaks_of([&] {
            CHECK(hookline::Signer::create(std::move(secrets)).has_value() == (*last == '\0'));
          }) == 0);
  }
}

TEST_CASE("verifying leaves no key behind") {
  const std::vector<std::string> secrets = {secret_text()};
  CHECK(leaks_of([&] {
          CHECK_FALSE(hookline::verify(secrets, {"a", "1", "v1,"}, "{}", {}));
        }) == 0);
}

}  // namespace
