#include "hookline/secret.hpp"

#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "catch.hpp"

using hookline::Secret;

namespace {

TEST_CASE("a secret prints as [secret], empty or not") {
  std::ostringstream out;
  out << Secret("hunter2") << ' ' << Secret() << ' ' << Catch::Detail::stringify(Secret("hunter2"));
  CHECK(out.str() == "[secret] [secret] [secret]");
}

TEST_CASE("a secret gives its text back, NUL bytes included") {
  const std::string text("a\0b", 3);
  CHECK(Secret(text).reveal() == text);
  CHECK(Secret().reveal().empty());
}

TEST_CASE("a secret is empty without text") {
  CHECK(Secret().empty());
  CHECK(Secret("").empty());
  CHECK_FALSE(Secret("x").empty());
}

TEST_CASE("secrets are equal if their texts are") {
  CHECK(Secret("abc") == Secret("abc"));
  CHECK(Secret() == Secret(""));
  CHECK(Secret("abc") != Secret("abd"));
  CHECK(Secret("abc") != Secret("ab"));
  CHECK(Secret("ab") != Secret("abc"));
  CHECK(Secret("abc") != Secret());
}

TEST_CASE("copies share one text, which outlives the first of them") {
  std::optional<Secret> first(Secret("hunter2"));
  const Secret second = *first;
  CHECK(second.reveal().data() == first->reveal().data());
  first.reset();
  CHECK(second.reveal() == "hunter2");
}

}  // namespace
