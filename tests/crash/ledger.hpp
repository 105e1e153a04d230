#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "crash/receiver.hpp"

namespace hookline::crash {

/// How many deliveries of an event to a webhook are in the file without an outcome, by
/// `Ledger::letter`.
using Unfinished = std::unordered_map<std::string, int>;

/// What the processes of a run have said and what has come to the receiver, and whether the two go
/// together. It looks once a round, when all is dead.
class Ledger {
 public:
  /// An event for a webhook.
  [[nodiscard]] static std::string letter(const std::string& import_id,
                                          const std::string& webhook_id) {
    return import_id + " " + webhook_id;
  }

  /// The round's reports, in their order; arrivals; and what is in the file after it.
  void close_round(const std::vector<std::string>& reports, const std::vector<Arrival>& arrivals,
                   const Unfinished& unfinished);

  /// What must not be, in words; empty if all is well.
  [[nodiscard]] const std::string& faults() const { return faults_; }
  void fault(const std::string& what) { faults_ += what + "\n"; }

  /// Imports with an idempotency key of which the last round did not say what became of them.
  [[nodiscard]] std::vector<std::string> unknown() const;
  /// Ids that the observer was told are delivered, in the round before the last call.
  [[nodiscard]] std::vector<std::string> take_delivered();
  /// What was accepted and has neither arrived nor been taken off.
  [[nodiscard]] std::vector<std::string> missing() const;

  [[nodiscard]] std::size_t accepted() const { return accepted_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }
  [[nodiscard]] std::size_t replayed() const { return replayed_; }
  /// Arrivals beyond one for each delivery.
  [[nodiscard]] std::size_t duplicates() const;
  /// Answers that a kill kept from being recorded, in the worst round.
  [[nodiscard]] std::size_t most_forgotten() const { return most_forgotten_; }

 private:
  struct Story {
    std::string message_id;  ///< empty until it is known
    bool accepted = false;
    bool taken = false;
  };
  /// Deliveries of one letter.
  struct Count {
    int may_be = 0;    ///< intended in all
    int accepted = 0;  ///< by a call that has returned
    int answered = 0;  ///< with a 2xx
    // Of this round:
    int before = 0;  ///< in the file when it began
    int fresh = 0;   ///< that may have come in
    int answers = 0;
  };

  void hear(const std::string& report);
  void intend(const std::string& import_id);
  void accept(const std::string& import_id, const std::string& message_id, std::size_t deliveries);
  void know_message(const std::string& import_id, const std::string& message_id);
  void replay(const std::string& import_id, const std::string& webhook_id);
  void arrive(const Arrival& arrival);
  void judge(const Unfinished& unfinished);
  void judge_loss(const Unfinished& unfinished);
  Count& touch(const std::string& letter);

  std::unordered_map<std::string, Story> stories_;
  std::unordered_map<std::string, Count> counts_;
  std::unordered_set<std::string> touched_;  ///< letters of this round
  std::unordered_set<std::string> open_;     ///< letters that have not all been answered
  std::unordered_set<std::string> unknown_;
  std::unordered_set<std::string> ended_;  ///< ids, of all rounds
  std::vector<std::string> delivered_;
  Unfinished last_;
  bool recovers_ = false;
  std::string faults_;
  std::size_t accepted_ = 0;
  std::size_t taken_ = 0;
  std::size_t replayed_ = 0;
  std::size_t most_forgotten_ = 0;
};

}  // namespace hookline::crash
