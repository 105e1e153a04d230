#include "importer/reporter.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "common/command_line.hpp"
#include "importer/json_lines.hpp"

namespace importer {

Reporter::Reporter(Progress& progress, bool with_outcomes)
    : progress_(progress), with_outcomes_(with_outcomes) {}

void Reporter::accepted(const hookline::DispatchReceipt& receipt) {
  const std::lock_guard lock(mutex_);
  ++accepted_;
  deliveries_ += receipt.deliveries.size();
  write(accepted_line(receipt));
  announced_.insert(receipt.message_id);
  if (const auto early = early_.extract(receipt.message_id)) write(early.mapped());
  show_progress();
}

void Reporter::on_outcome(const hookline::Delivery& delivery) {
  const std::lock_guard lock(mutex_);
  ++ended_;
  if (with_outcomes_) report(delivery);
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

void Reporter::catch_up(const hookline::DeliveryStore& store) {
  const std::lock_guard lock(mutex_);
  hookline::DeliveryQuery query;
  query.limit = 1000;
  for (bool more = with_outcomes_; more;) {
    const auto page = store.list(query);
    if (!page) return;
    for (const auto& delivery : page->deliveries) {
      if (delivery.finished_at && reported_.count(delivery.id) == 0) report(delivery);
    }
    query.after = page->next.value_or(0);
    more = page->next.has_value();
  }
}

bool Reporter::all_written() const {
  const std::lock_guard lock(mutex_);
  return all_written_;
}

void Reporter::report(const hookline::Delivery& delivery) {
  reported_.insert(delivery.id);
  const std::string line = outcome_line(delivery);
  if (announced_.count(delivery.message_id) > 0) {
    write(line);
  } else {
    early_[delivery.message_id] += line;
  }
}

void Reporter::write(const std::string& line) {
  progress_.clear();
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size();
  if (std::fflush(stdout) != 0 || !written) all_written_ = false;
}

void Reporter::show_progress() {
  progress_.show(fmt::format("{} imports accepted, {} of {} deliveries ended", accepted_, ended_,
                             deliveries_));
}

}  // namespace importer
