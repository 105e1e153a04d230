#include "store/delivery_store_contract.hpp"

#include "catch.hpp"
#include "store/shelf.hpp"

namespace hookline::fakes {

void check_delivery_store_contract(const std::function<std::unique_ptr<DeliveryStore>()>& create) {
  SECTION("appending") { check_appending(create); }
  SECTION("idempotency") { check_idempotency(create); }
  SECTION("claiming") { check_claiming(create); }
  SECTION("fifo") { check_fifo(create); }
  SECTION("outcomes") { check_outcomes(create); }
  SECTION("lanes") { check_lanes(create); }
  SECTION("replay") { check_replay(create); }
  SECTION("recover") { check_recover(create); }
  SECTION("discard") { check_discard(create); }
  SECTION("pause") { check_pause(create); }
  SECTION("erasure") { check_erasure(create); }
  SECTION("retention") { check_retention(create); }
  SECTION("queries") { check_queries(create); }
}

}  // namespace hookline::fakes
