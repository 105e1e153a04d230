// What `append` promises: whole events, quotas, idempotency keys.

#include "catch.hpp"
#include "store/shelf.hpp"

namespace hookline::fakes {

void check_appending(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("An event is stored with its deliveries, whose ids grow") {
    NewDelivery basic = delivery_to(basic_lane());
    basic.url = "https://b.example/?key=1";
    const AppendedEvent appended =
        shelf.append(event_with({delivery_to(lane("a"), 7), basic}, "msg_1", 5));

    REQUIRE(appended.ids.size() == 2);
    CHECK(appended.ids[0] < appended.ids[1]);
    CHECK_FALSE(appended.repeated);
    CHECK(appended.receipt.message_id == "msg_1");
    CHECK(appended.receipt.deliveries.at(0).id == appended.ids[0]);
    CHECK(appended.receipt.deliveries.at(1).id == appended.ids[1]);
    const Delivery managed = shelf.find(appended.ids[0]);
    CHECK(managed.status == DeliveryStatus::pending);
    CHECK(managed.message_id == "msg_1");
    CHECK(managed.import_id == "import-1");
    CHECK(managed.tenant == "t");
    CHECK(managed.webhook_id == "a");
    CHECK(managed.created_at == wall(5));
    CHECK(managed.next_attempt_at == wall(7));
    CHECK_FALSE(managed.finished_at);
    CHECK(shelf.find(appended.ids[1]).webhook_id.empty());
    CHECK(shelf.find(appended.ids[1]).url.empty());  // no attempt has been made
  }

  SECTION("Deliveries beyond those of the receipt get ids too") {
    NewEvent event = event_with({delivery_to(lane("a")), delivery_to(lane("b"))});
    event.receipt.deliveries.pop_back();
    const AppendedEvent appended = shelf.append(event);
    CHECK(appended.ids.size() == 2);
    CHECK(appended.receipt.deliveries.size() == 1);
  }

  SECTION("A delivery that cannot be sent ends at once, with the reason") {
    const AppendedEvent appended = shelf.append(event_with(
        {ended_delivery_to(lane("a"), DeliveryStatus::exhausted, "policy: no"),
         ended_delivery_to(lane("b"), DeliveryStatus::discarded, "the webhook was removed")},
        "msg_1", 5));
    const Delivery exhausted = shelf.find(appended.ids.at(0));
    CHECK(exhausted.status == DeliveryStatus::exhausted);
    CHECK(exhausted.error == "policy: no");
    CHECK(exhausted.finished_at == wall(5));
    CHECK_FALSE(exhausted.next_attempt_at);
    CHECK(shelf.status(appended.ids.at(1)) == DeliveryStatus::discarded);
    CHECK(shelf.find(appended.ids.at(1)).error == "the webhook was removed");
    CHECK(shelf.claim(lane("a"), 1, 5).claims.empty());
  }

  SECTION("An event without deliveries leaves none") {
    CHECK(shelf.append(event_with({})).ids.empty());
    CHECK(shelf.listed().empty());
  }

  SECTION("What would go over a quota is refused, and nothing of its event is stored") {
    Quotas quotas;
    quotas.pending = 3;
    shelf.put(lane("a"));
    shelf.put(lane("a", "u"));
    const auto two = [] { return event_with({delivery_to(lane("a")), delivery_to(lane("b"))}); };
    const auto refused = shelf.try_append(two(), quotas);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::quota_exceeded);
    CHECK(shelf.store->counts()->pending == 2);
    CHECK(shelf.try_append(event_with({delivery_to(lane("a"))}), quotas));

    // What is claimed waits no less than what is pending; what has ended does not wait.
    const Claim claim = shelf.take(lane("a", "u"), 1);
    CHECK_FALSE(shelf.try_append(event_with({delivery_to(lane("a"))}), quotas));
    shelf.record(claim, Outcome::Kind::delivered, 2);
    CHECK(shelf.try_append(event_with({delivery_to(lane("a"))}), quotas));
  }

  SECTION("A tenant's quota is its own") {
    Quotas quotas;
    quotas.pending_per_tenant = 1;
    CHECK(shelf.try_append(event_with({delivery_to(lane("a"))}), quotas));
    CHECK(shelf.try_append(event_with({delivery_to(lane("a"))}), quotas).error().code ==
          ErrorCode::quota_exceeded);
    CHECK(shelf.try_append(event_with({delivery_to(lane("a", "u"))}), quotas));
  }

  SECTION("Quotas of bytes count each delivery's body, and are free again when it has ended") {
    for (const bool per_tenant : {false, true}) {
      const Shelf own(create());
      Quotas quotas;
      (per_tenant ? quotas.pending_bytes_per_tenant : quotas.pending_bytes) = 12;
      // "managed" and "basic" are 7 and 5 bytes.
      const auto both = [] {
        return event_with({delivery_to(lane("a")), delivery_to(basic_lane())});
      };
      CHECK(own.try_append(both(), quotas));
      CHECK(own.try_append(event_with({delivery_to(basic_lane())}), quotas).error().code ==
            ErrorCode::quota_exceeded);
      own.finish(basic_lane(), Outcome::Kind::delivered, 1);
      CHECK_FALSE(own.try_append(event_with({delivery_to(lane("a"))}), quotas));
      CHECK(own.try_append(event_with({delivery_to(basic_lane())}), quotas));
    }
  }

  SECTION("What ends at once counts for no quota") {
    Quotas none;
    none.pending = 0;
    none.pending_bytes = 0;
    none.pending_per_tenant = 0;
    none.pending_bytes_per_tenant = 0;
    const auto ended = ended_delivery_to(lane("a"), DeliveryStatus::exhausted, "no");
    CHECK(shelf.try_append(event_with({ended}), none));
    CHECK_FALSE(shelf.try_append(event_with({delivery_to(lane("a"))}), none));
  }

  SECTION("Of several events each is stored or refused on its own, in their order") {
    Quotas quotas;
    quotas.pending = 2;
    std::vector<NewEvent> events;
    events.push_back(event_with({delivery_to(lane("a"))}, "msg_1"));
    events.push_back(event_with({delivery_to(lane("a")), delivery_to(lane("b"))}, "msg_2"));
    events.push_back(event_with({delivery_to(lane("b"))}, "msg_3"));
    const auto results = shelf.store->append(std::move(events), quotas);
    REQUIRE(results.size() == 3);
    REQUIRE(results[0]);
    CHECK(results[1].error().code == ErrorCode::quota_exceeded);
    REQUIRE(results[2]);
    CHECK(results[0]->ids.at(0) < results[2]->ids.at(0));
    CHECK(shelf.listed().size() == 2);
  }
}

void check_idempotency(const MakeStore& create) {
  const Shelf shelf(create());
  const auto one = [](const std::string& message = "msg_1", std::int64_t accepted = 0) {
    return event_with({delivery_to(lane("a"), accepted)}, message, accepted);
  };

  SECTION("A key that comes again is answered with the first receipt, and nothing is stored") {
    NewEvent event = one();
    event.receipt.event = Event::headless_import_failed;
    event.receipt.headless_error = Error{ErrorCode::invalid_headless, "headless: too deep"};
    const AppendedEvent first = shelf.append(with_key(event, "k"));
    CHECK_FALSE(first.repeated);
    const AppendedEvent again = shelf.append(with_key(one("msg_2"), "k"));
    CHECK(again.repeated);
    CHECK(again.ids.empty());
    CHECK(again.receipt.message_id == "msg_1");
    CHECK(again.receipt.import_id == "import-1");
    CHECK(again.receipt.event == Event::headless_import_failed);
    REQUIRE(again.receipt.deliveries.size() == 1);
    CHECK(again.receipt.deliveries[0].id == first.ids.at(0));
    CHECK(again.receipt.deliveries[0].webhook_id == "a");
    REQUIRE(again.receipt.headless_error);
    CHECK(again.receipt.headless_error->code == ErrorCode::invalid_headless);
    CHECK(again.receipt.headless_error->message == "headless: too deep");
    CHECK(shelf.listed() == first.ids);
  }

  SECTION("The receipt of a repetition names the deliveries that were refused") {
    NewEvent event =
        event_with({ended_delivery_to(basic_lane(), DeliveryStatus::exhausted, "policy: no")});
    event.receipt.deliveries.at(0).refused = Error{ErrorCode::address_refused, "policy: no"};
    shelf.append(with_key(event, "k"));
    const AppendedEvent again = shelf.append(with_key(one(), "k"));
    REQUIRE(again.receipt.deliveries.size() == 1);
    REQUIRE(again.receipt.deliveries[0].refused);
    CHECK(again.receipt.deliveries[0].refused->code == ErrorCode::address_refused);
    CHECK(again.receipt.deliveries[0].refused->message == "policy: no");
  }

  SECTION("A key that was used for another import is a conflict") {
    shelf.append(with_key(one(), "k\n", "this"));
    const auto conflict = shelf.try_append(with_key(one("msg_2"), "k\n", "that"));
    REQUIRE_FALSE(conflict);
    CHECK(conflict.error().code == ErrorCode::idempotency_conflict);
    CHECK(conflict.error().message.find('\n') == std::string::npos);
    CHECK(shelf.listed().size() == 1);
    CHECK(shelf.append(with_key(one("msg_3"), "k\n", "this")).repeated);
  }

  SECTION("A key of one tenant says nothing about another tenant") {
    shelf.append(with_key(one(), "k"));
    const auto other = event_with({delivery_to(lane("a", "u"))});
    CHECK_FALSE(shelf.append(with_key(other, "k", "other")).repeated);
  }

  SECTION("A key that has expired is as good as new") {
    shelf.append(with_key(one("msg_1"), "k", "this", 1'000));
    CHECK(shelf.append(with_key(one("msg_2", 999), "k", "this", 2'000)).repeated);
    const AppendedEvent fresh = shelf.append(with_key(one("msg_3", 1'000), "k", "that", 3'000));
    CHECK_FALSE(fresh.repeated);
    CHECK(fresh.receipt.message_id == "msg_3");
    const AppendedEvent again = shelf.append(with_key(one("msg_4", 2'999), "k", "that", 9'000));
    CHECK(again.repeated);
    CHECK(again.receipt.message_id == "msg_3");
  }

  SECTION("A key is kept for an event that nobody wants to know of") {
    shelf.append(with_key(event_with({}), "k"));
    const AppendedEvent again = shelf.append(with_key(one("msg_2"), "k"));
    CHECK(again.repeated);
    CHECK(again.receipt.message_id == "msg_1");
    CHECK(again.receipt.deliveries.empty());
    CHECK(shelf.listed().empty());
  }

  SECTION("A key that comes twice in one call stores the first of the two") {
    std::vector<NewEvent> events;
    events.push_back(with_key(one("msg_1"), "k"));
    events.push_back(with_key(one("msg_2"), "k"));
    events.push_back(with_key(one("msg_3"), "k", "another import"));
    const auto results = shelf.store->append(std::move(events), {});
    REQUIRE(results.size() == 3);
    CHECK_FALSE(results[0].value().repeated);
    CHECK(results[1].value().repeated);
    CHECK(results[1]->receipt.deliveries.at(0).id == results[0]->ids.at(0));
    CHECK(results[2].error().code == ErrorCode::idempotency_conflict);
    CHECK(shelf.listed().size() == 1);
  }

  SECTION("A key of an event that was refused is free") {
    Quotas none;
    none.pending = 0;
    CHECK_FALSE(shelf.try_append(with_key(one(), "k"), none));
    CHECK_FALSE(shelf.append(with_key(one(), "k")).repeated);
  }

  SECTION("A repetition is answered when the quota is used up") {
    Quotas quotas;
    quotas.pending = 1;
    CHECK(shelf.try_append(with_key(one(), "k"), quotas));
    CHECK(shelf.try_append(with_key(one(), "k"), quotas).value().repeated);
  }

  SECTION("A key outlives the deliveries of its event until it expires") {
    shelf.append(with_key(one(), "k", "this", 30 * kDay));
    shelf.finish(lane("a"), Outcome::Kind::delivered, 1);
    StoreWork prune;
    prune.prune = 10;
    shelf.work(prune, 8 * kDay);
    CHECK(shelf.listed().empty());
    CHECK(shelf.append(with_key(one("msg_2", 8 * kDay), "k", "this", 40 * kDay)).repeated);
  }
}

}  // namespace hookline::fakes
