#include "importer/reporter.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "common/command_line.hpp"
#include "importer/json_lines.hpp"

namespace importer {

Reporter::Reporter(examples::Progress& progress, bool with_outcomes)
    : progress_(progress), with_outcomes_(with_outcomes) {}

void Reporter::accepted(const hookline::DispatchReceipt& receipt) {
  const std::lock_guard lock(mutex_);
  ++imports_;
  write(accepted_line(receipt));
  for (const auto& delivery : receipt.deliveries) {
    followed_.insert(delivery.id);
    const auto early = early_.extract(delivery.id);
    if (!early) continue;
    ended_.insert(delivery.id);
    write(early.mapped());
  }
  show_progress();
}

void Reporter::follow(hookline::DeliveryId id) {
  const std::lock_guard lock(mutex_);
  followed_.insert(id);
}

void Reporter::all_accepted() {
  const std::lock_guard lock(mutex_);
  all_accepted_ = true;
  early_.clear();
}

std::set<hookline::DeliveryId> Reporter::followed() const {
  const std::lock_guard lock(mutex_);
  return followed_;
}

void Reporter::on_outcome(const hookline::Delivery& delivery) {
  const std::lock_guard lock(mutex_);
  report(delivery);
  show_progress();
}

void Reporter::on_webhook_disabled(const hookline::Webhook& webhook) {
  complain(fmt::format("webhook {} is disabled now: {}", webhook.id, webhook.disabled_reason));
}

void Reporter::complain(const std::string& message) {
  const std::lock_guard lock(mutex_);
  progress_.clear();
  examples::complain("importer", message);
}

hookline::Result<Tally> Reporter::catch_up(const hookline::DeliveryStore& store) {
  const std::lock_guard lock(mutex_);
  Tally tally;
  for (const hookline::DeliveryId id : followed_) {
    const auto delivery = store.find(id);
    if (!delivery && delivery.error().code == hookline::ErrorCode::delivery_not_found) continue;
    if (!delivery) return tl::unexpected<hookline::Error>(delivery.error());
    if (!delivery->finished_at) {
      ++tally.unfinished;
      continue;
    }
    if (delivery->status != hookline::DeliveryStatus::delivered) ++tally.undelivered;
    if (ended_.count(id) == 0) report(*delivery);
  }
  return tally;
}

bool Reporter::all_written() const {
  const std::lock_guard lock(mutex_);
  return all_written_;
}

void Reporter::report(const hookline::Delivery& delivery) {
  const std::string line = with_outcomes_ ? outcome_line(delivery) : "";
  if (followed_.count(delivery.id) > 0) {
    ended_.insert(delivery.id);
    write(line);
  } else if (!all_accepted_) {
    early_[delivery.id] = line;
  }
}

void Reporter::write(const std::string& line) {
  if (line.empty()) return;
  progress_.clear();
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size();
  if (std::fflush(stdout) != 0 || !written) all_written_ = false;
}

void Reporter::show_progress() {
  const std::string imports = imports_ > 0 ? fmt::format("{} imports accepted, ", imports_) : "";
  progress_.show(
      fmt::format("{}{} of {} deliveries ended", imports, ended_.size(), followed_.size()));
}

}  // namespace importer
