#include "store/receipt_codec.hpp"

#include <cstdint>
#include <utility>

#include "base/byte_codec.hpp"

namespace hookline::detail {
namespace {

constexpr std::uint64_t kVersion = 1;

void write_error(ByteWriter& out, const std::optional<Error>& error) {
  out.number(error ? 1 : 0);
  if (!error) return;
  out.number(static_cast<std::uint64_t>(error->code));
  out.text(std::string_view(error->message));
}

std::optional<Error> read_error(ByteReader& in) {
  if (in.number() == 0) return std::nullopt;
  Error error;
  error.code = static_cast<ErrorCode>(in.number());
  error.message = in.text();
  return error;
}

}  // namespace

std::string encode_receipt(const DispatchReceipt& receipt) {
  ByteWriter out;
  out.number(kVersion);
  out.text(std::string_view(receipt.message_id));
  out.text(std::string_view(receipt.import_id));
  out.number(static_cast<std::uint64_t>(receipt.event));
  write_error(out, receipt.headless_error);
  out.number(receipt.deliveries.size());
  for (const AcceptedDelivery& delivery : receipt.deliveries) {
    out.number(delivery.id);
    out.text(std::string_view(delivery.webhook_id));
    write_error(out, delivery.refused);
  }
  return out.take();
}

std::optional<DispatchReceipt> decode_receipt(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.number() != kVersion) return std::nullopt;
  DispatchReceipt receipt;
  receipt.message_id = in.text();
  receipt.import_id = in.text();
  receipt.event = static_cast<Event>(in.number());
  receipt.headless_error = read_error(in);
  for (std::uint64_t left = in.number(); left > 0 && in.ok(); --left) {
    AcceptedDelivery delivery;
    delivery.id = in.number();
    delivery.webhook_id = in.text();
    delivery.refused = read_error(in);
    receipt.deliveries.push_back(std::move(delivery));
  }
  if (!in.complete()) return std::nullopt;
  return receipt;
}

}  // namespace hookline::detail
