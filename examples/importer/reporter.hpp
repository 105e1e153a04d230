#pragma once

#include <cstddef>
#include <hookline/hookline.hpp>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "importer/progress.hpp"

namespace importer {

/// Prints what becomes of the imports, a JSON line for each thing, whole and flushed. Usable from
/// several threads: outcomes come from the dispatcher's.
class Reporter final : public hookline::Observer {
 public:
  Reporter(Progress& progress, bool with_outcomes);

  /// An import was accepted. The lines of its deliveries come after this one, however soon they
  /// end.
  void accepted(const hookline::DispatchReceipt& receipt);

  void on_outcome(const hookline::Delivery& delivery) override;
  void on_webhook_disabled(const hookline::Webhook& webhook) override;

  /// Writes `importer: message` to stderr.
  void complain(const std::string& message);

  /// Prints the outcomes that the dispatcher did not get round to telling. Call it when the
  /// dispatcher is gone.
  void catch_up(const hookline::DeliveryStore& store);

  /// Whether everything could be written.
  bool all_written() const;

 private:
  void report(const hookline::Delivery& delivery);
  void write(const std::string& line);
  void show_progress();

  mutable std::mutex mutex_;
  Progress& progress_;
  const bool with_outcomes_;
  std::set<std::string> announced_;
  std::map<std::string, std::string> early_;  ///< lines of messages that are not announced yet
  std::set<hookline::DeliveryId> reported_;
  std::size_t accepted_ = 0;
  std::size_t ended_ = 0;
  std::size_t deliveries_ = 0;
  bool all_written_ = true;
};

}  // namespace importer
