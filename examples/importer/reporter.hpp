#pragma once

#include <cstddef>
#include <hookline/hookline.hpp>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/progress.hpp"

namespace importer {

/// How the deliveries of this run stand.
struct Tally {
  std::size_t unfinished = 0;
  std::size_t undelivered = 0;  ///< exhausted or discarded
};

/// Prints what becomes of the imports, a JSON line for each thing, whole and flushed. Of the
/// deliveries in a store it follows those of this run alone. Usable from several threads: outcomes
/// come from the dispatcher's.
class Reporter final : public hookline::Observer {
 public:
  Reporter(examples::Progress& progress, bool with_outcomes);

  /// An import was accepted. The lines of its deliveries come after this one, however soon they
  /// end.
  void accepted(const hookline::DispatchReceipt& receipt);
  /// This delivery, which an earlier run has left, is followed too.
  void follow(hookline::DeliveryId id);
  /// Nothing more is accepted or followed: outcomes of others need not be kept any more.
  void all_accepted();

  [[nodiscard]] std::set<hookline::DeliveryId> followed() const;

  void on_outcome(const hookline::Delivery& delivery) override;
  void on_webhook_disabled(const hookline::Webhook& webhook) override;

  /// Writes `importer: message` to stderr.
  void complain(const std::string& message);

  /// Prints the outcomes that the dispatcher did not get round to telling, or that another process
  /// has brought about, and says how everything stands. Call it when the dispatcher is gone.
  hookline::Result<Tally> catch_up(const hookline::DeliveryStore& store);

  /// Whether everything could be written.
  bool all_written() const;

 private:
  void report(const hookline::Delivery& delivery);
  void write(const std::string& line);
  void show_progress();

  mutable std::mutex mutex_;
  examples::Progress& progress_;
  const bool with_outcomes_;
  std::set<hookline::DeliveryId> followed_;
  std::set<hookline::DeliveryId> ended_;               ///< of those
  std::map<hookline::DeliveryId, std::string> early_;  ///< lines of what may yet be followed
  bool all_accepted_ = false;
  std::size_t imports_ = 0;
  bool all_written_ = true;
};

}  // namespace importer
