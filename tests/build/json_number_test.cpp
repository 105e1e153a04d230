#include "build/json_number.hpp"

#include "sample_import.hpp"

namespace hookline::detail {
namespace {

const std::string kMaxDigits = "17976931348623157081";

TEST_CASE("Numbers that a double holds are let through") {
  for (const std::string& number : {std::string("0"),
                                    std::string("-0"),
                                    std::string("0.0"),
                                    std::string("0e300"),
                                    std::string("1e308"),
                                    std::string("-1E+308"),
                                    std::string("9.99e307"),
                                    std::string("1.7976931348623157e308"),
                                    std::string("1.7976931348623158e308"),
                                    std::string("-1.7976931348623157e+308"),
                                    std::string("17976931348623157e292"),
                                    std::string("0.00017976931348623157e312"),
                                    kMaxDigits + repeated(309 - 20, "0"),
                                    repeated(308, "9"),
                                    repeated(309, "9") + "e-1",
                                    "0." + repeated(400, "0") + "1e700",
                                    "1" + repeated(5000, "0") + "e-4692",
                                    std::string("1e-400"),
                                    std::string("1e-99999999999"),
                                    "1." + repeated(100'000, "7"),
                                    std::string("0e-0"),
                                    std::string("5e-324")}) {
    INFO(number.substr(0, 60));
    CHECK_FALSE(is_beyond_double(number));
  }
}

TEST_CASE("Numbers that would become infinite are not") {
  for (const std::string& number :
       {std::string("1e309"), std::string("-1e309"), std::string("1E+400"),
        std::string("1.7976931348623159e308"), std::string("1.79769313486231580793e308"),
        std::string("1.797693134862315807999e308"), std::string("2e308"), std::string("10e308"),
        std::string("17976931348623159e292"), std::string("0.00017976931348623159e312"),
        "17976931348623159" + repeated(292, "0"), repeated(309, "9"), repeated(100'000, "7"),
        repeated(310, "9") + "e-1", "0." + repeated(400, "0") + "1e710",
        std::string("1e99999999999999999999999"), std::string("1e+00000000000000000309"),
        "1" + repeated(5000, "0") + "e-4691"}) {
    INFO(number.substr(0, 60));
    CHECK(is_beyond_double(number));
  }
}

TEST_CASE("A document with a number beyond double is refused whatever its form") {
  for (const std::string number : {"1.7976931348623159e308", "10e308", "17976931348623159e292"}) {
    refusal(filtered("{\"a\":" + number + "}"), ErrorCode::invalid_headless);
  }
  CHECK(filtered(R"({"a":1.7976931348623157e308})").has_value());
}

}  // namespace
}  // namespace hookline::detail
