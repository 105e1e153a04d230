#include "store/receipt_codec.hpp"

#include "catch.hpp"

using namespace hookline;
using namespace hookline::detail;

namespace {

DispatchReceipt sample() {
  DispatchReceipt receipt;
  receipt.message_id = "msg_1";
  receipt.import_id = std::string("import\0with NUL", 15);
  receipt.event = Event::headless_import_failed;
  receipt.headless_error = Error{ErrorCode::invalid_headless, "offset 12"};
  receipt.deliveries = {{1, "wh", std::nullopt},
                        {~std::uint64_t{0}, "", Error{ErrorCode::address_refused, "policy"}}};
  return receipt;
}

}  // namespace

TEST_CASE("A receipt comes back from its bytes as it was") {
  const DispatchReceipt before = sample();
  const auto after = decode_receipt(encode_receipt(before));
  REQUIRE(after);
  CHECK(after->message_id == before.message_id);
  CHECK(after->import_id == before.import_id);
  CHECK(after->event == before.event);
  CHECK(after->headless_error->code == ErrorCode::invalid_headless);
  CHECK(after->headless_error->message == "offset 12");
  REQUIRE(after->deliveries.size() == 2);
  CHECK(after->deliveries[0].id == 1);
  CHECK(after->deliveries[0].webhook_id == "wh");
  CHECK_FALSE(after->deliveries[0].refused);
  CHECK(after->deliveries[1].id == ~std::uint64_t{0});
  CHECK(after->deliveries[1].refused->message == "policy");
}

TEST_CASE("Bytes that are no receipt are none, wherever they are cut") {
  const std::string bytes = encode_receipt(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_receipt(bytes.substr(0, size)));
  }
  CHECK_FALSE(decode_receipt(bytes + "x"));
  CHECK_FALSE(decode_receipt(std::string(20, '\xff')));
}
