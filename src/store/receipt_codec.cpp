#include "store/receipt_codec.hpp"

#include <cstdint>
#include <utility>

namespace hookline::detail {
namespace {

constexpr std::uint64_t kVersion = 1;

// Numbers are little-endian in groups of 7 bits, the high bit set on all but the last; texts are
// their length and their bytes; what may be absent has a 0 or a 1 before it.

class Writer {
 public:
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void text(const std::string& value) {
    number(value.size());
    bytes_ += value;
  }
  void error(const std::optional<Error>& value) {
    number(value ? 1 : 0);
    if (!value) return;
    number(static_cast<std::uint64_t>(value->code));
    text(value->message);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Gives zeros and empty texts from the first fault on; `complete` tells.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  std::optional<Error> error() {
    if (number() == 0) return std::nullopt;
    Error value;
    value.code = static_cast<ErrorCode>(number());
    value.message = text();
    return value;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool complete() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string encode_receipt(const DispatchReceipt& receipt) {
  Writer out;
  out.number(kVersion);
  out.text(receipt.message_id);
  out.text(receipt.import_id);
  out.number(static_cast<std::uint64_t>(receipt.event));
  out.error(receipt.headless_error);
  out.number(receipt.deliveries.size());
  for (const AcceptedDelivery& delivery : receipt.deliveries) {
    out.number(delivery.id);
    out.text(delivery.webhook_id);
    out.error(delivery.refused);
  }
  return out.take();
}

std::optional<DispatchReceipt> decode_receipt(std::string_view bytes) {
  Reader in(bytes);
  if (in.number() != kVersion) return std::nullopt;
  DispatchReceipt receipt;
  receipt.message_id = in.text();
  receipt.import_id = in.text();
  receipt.event = static_cast<Event>(in.number());
  receipt.headless_error = in.error();
  for (std::uint64_t left = in.number(); left > 0 && in.ok(); --left) {
    AcceptedDelivery delivery;
    delivery.id = in.number();
    delivery.webhook_id = in.text();
    delivery.refused = in.error();
    receipt.deliveries.push_back(std::move(delivery));
  }
  if (!in.complete()) return std::nullopt;
  return receipt;
}

}  // namespace hookline::detail
