// A witness that sees nothing proves nothing.

#include "crash/ledger.hpp"

#include "catch.hpp"

using namespace hookline::crash;

namespace {

const std::vector<std::string> kAccepted = {"intends b-1k", "accepted b-1k msg_1 1"};
const Arrival kArrival = {"b-1k", "msg_1", "ordered", true};
const std::string kLetter = Ledger::letter("b-1k", "ordered");

bool complains(const Ledger& ledger, const std::string& of) {
  return ledger.faults().find(of) != std::string::npos;
}

}  // namespace

TEST_CASE("The ledger is content with what arrives once, or again after it was forgotten") {
  Ledger ledger;
  ledger.close_round(kAccepted, {}, {{kLetter, 1}});
  CHECK(ledger.missing().size() == 1);
  ledger.close_round({}, {kArrival}, {{kLetter, 1}});
  CHECK(ledger.most_forgotten() == 1);
  ledger.close_round({"delivered 1"}, {kArrival}, {});
  CHECK(ledger.faults().empty());
  CHECK(ledger.missing().empty());
  CHECK(ledger.duplicates() == 1);
}

TEST_CASE("The ledger notices what is lost") {
  Ledger ledger;
  ledger.close_round(kAccepted, {}, {});
  CHECK(complains(ledger, "lost: b-1k ordered"));
}

TEST_CASE("The ledger lets go of what was taken off") {
  Ledger ledger;
  ledger.close_round({"intends c-1", "accepted c-1 msg_1 1", "takes c-1"}, {}, {});
  CHECK(ledger.faults().empty());
  CHECK(ledger.missing().empty());
}

TEST_CASE("The ledger notices what is sent again") {
  Ledger ledger;
  SECTION("in the same life") { ledger.close_round(kAccepted, {kArrival, kArrival}, {}); }
  SECTION("after it was recorded") {
    ledger.close_round(kAccepted, {kArrival}, {});
    ledger.close_round({}, {kArrival}, {});
  }
  SECTION("and is ready to be, although it was recorded") {
    ledger.close_round(kAccepted, {kArrival}, {});
    ledger.close_round({}, {}, {{kLetter, 1}});
    CHECK(complains(ledger, "from nowhere"));
    return;
  }
  CHECK(complains(ledger, "sent again"));
}

TEST_CASE("The ledger notices what nobody dispatched, and two events of one import") {
  Ledger ledger;
  SECTION("nobody") {
    ledger.close_round({}, {kArrival}, {});
    CHECK(complains(ledger, "never dispatched"));
  }
  SECTION("twice") {
    ledger.close_round(kAccepted, {{"b-1k", "msg_2", "ordered", true}}, {});
    CHECK(complains(ledger, "two events"));
  }
}

TEST_CASE("The ledger asks for imports with a key to be repeated until it hears of them") {
  Ledger ledger;
  ledger.close_round({"intends b-1k"}, {}, {});
  CHECK(ledger.unknown() == std::vector<std::string>{"b-1k"});
  ledger.close_round({"intends b-1k", "repeated b-1k msg_1"}, {kArrival}, {});
  CHECK(ledger.unknown().empty());
  CHECK(ledger.accepted() == 1);
  CHECK(ledger.faults().empty());
}
