#include "crash/ledger.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "crash/stage.hpp"

namespace hookline::crash {
namespace {

/// Whom an import is for: see `add_webhooks`.
std::vector<std::string> webhooks_of(const std::string& import_id) {
  switch (import_id[0]) {
    case 'a':
      return {"steady", "shaky"};
    case 'b':
      return {"ordered"};
    default:
      return {"handled"};
  }
}

std::string import_of_letter(const std::string& letter) {
  return letter.substr(0, letter.find(' '));
}

}  // namespace

void Ledger::close_round(const std::vector<std::string>& reports,
                         const std::vector<Arrival>& arrivals, const Unfinished& unfinished) {
  touched_.clear();
  recovers_ = false;
  for (const auto& [letter, count] : last_) touch(letter).before = count;
  for (const std::string& report : reports) hear(report);
  for (const Arrival& arrival : arrivals) arrive(arrival);
  for (const auto& [letter, count] : unfinished) touch(letter);
  judge(unfinished);
  judge_loss(unfinished);
  last_ = unfinished;
}

void Ledger::hear(const std::string& report) {
  std::istringstream line(report);
  std::string word, first, second;
  line >> word >> first >> second;
  if (word == "intends") {
    intend(first);
  } else if (word == "accepted") {
    std::size_t deliveries = 0;
    line >> deliveries;
    accept(first, second, deliveries);
  } else if (word == "repeated") {
    if (!stories_[first].accepted) accept(first, second, webhooks_of(first).size());
    know_message(first, second);
    unknown_.erase(first);
  } else if (word == "delivered") {
    if (!ended_.insert(first).second) fault("a second outcome of delivery " + first);
    delivered_.push_back(first);
  } else if (word == "ended") {
    if (!ended_.insert(first).second) fault("a second outcome of delivery " + first);
    if (second != "discarded") fault(report);
  } else if (word == "takes") {
    taken_ += std::exchange(stories_[first].taken, true) ? 0 : 1;
  } else if (word == "replays") {
    replay(first, second);
  } else if (word == "replayed") {
    ++replayed_;
    ++touch(letter(first, second)).accepted;
    open_.insert(letter(first, second));
  } else if (word == "recovers") {
    recovers_ = true;
  } else if (word != "ready") {
    fault(report);
  }
}

/// One that is dispatched again, under its key, makes new deliveries only if it made none before.
void Ledger::intend(const std::string& import_id) {
  const bool first_time = stories_.try_emplace(import_id).second;
  if (has_key(import_id)) unknown_.insert(import_id);
  for (const std::string& webhook : webhooks_of(import_id)) {
    Count& count = touch(letter(import_id, webhook));
    if (first_time) ++count.may_be;
    if (count.before == 0 && count.answered == 0 && !stories_[import_id].accepted) count.fresh = 1;
  }
}

void Ledger::accept(const std::string& import_id, const std::string& message_id,
                    std::size_t deliveries) {
  if (std::exchange(stories_[import_id].accepted, true)) fault("accepted twice: " + import_id);
  if (deliveries != webhooks_of(import_id).size()) fault("deliveries of " + import_id);
  unknown_.erase(import_id);
  know_message(import_id, message_id);
  ++accepted_;
  for (const std::string& webhook : webhooks_of(import_id)) {
    ++touch(letter(import_id, webhook)).accepted;
    open_.insert(letter(import_id, webhook));
  }
}

void Ledger::know_message(const std::string& import_id, const std::string& message_id) {
  std::string& known = stories_[import_id].message_id;
  if (known.empty()) known = message_id;
  if (known != message_id) {
    fault("two events of import " + import_id + ": " + known + ", " + message_id);
  }
}

void Ledger::replay(const std::string& import_id, const std::string& webhook_id) {
  Count& count = touch(letter(import_id, webhook_id));
  ++count.may_be;
  ++count.fresh;
}

void Ledger::arrive(const Arrival& arrival) {
  if (stories_.find(arrival.import_id) == stories_.end()) {
    fault("never dispatched: " + arrival.import_id);
  }
  know_message(arrival.import_id, arrival.message_id);
  Count& count = touch(letter(arrival.import_id, arrival.webhook_id));
  if (!arrival.accepted) return;
  ++count.answers;
  ++count.answered;
}

/// Within a round a delivery that was answered is not sent again; from one round to the next only
/// one that was in the file without an outcome is.
void Ledger::judge(const Unfinished& unfinished) {
  std::size_t forgotten = 0;
  for (const std::string& name : touched_) {
    Count& count = counts_[name];
    const Story& story = stories_[import_of_letter(name)];
    const int again = recovers_ && story.taken ? 1 : 0;
    const int due = count.before + count.fresh + again;
    if (count.answers > due) {
      fault("sent again: " + name + ", " + std::to_string(count.answers) + " of " +
            std::to_string(due));
    }
    const auto left = unfinished.find(name);
    const int rest = left == unfinished.end() ? 0 : left->second;
    if (rest > due) fault("from nowhere: " + name);
    forgotten += static_cast<std::size_t>(std::max(0, count.answers + rest - due));
    count.before = count.fresh = count.answers = 0;
  }
  most_forgotten_ = std::max(most_forgotten_, forgotten);
  if (forgotten > kMaxHeld) fault("forgotten: " + std::to_string(forgotten));
}

/// What was accepted has arrived, is in the file, or was taken off.
void Ledger::judge_loss(const Unfinished& unfinished) {
  for (auto it = open_.begin(); it != open_.end();) {
    const Count& count = counts_[*it];
    const auto left = unfinished.find(*it);
    const int rest = left == unfinished.end() ? 0 : left->second;
    const bool taken = stories_[import_of_letter(*it)].taken;
    if (!taken && count.answered + rest < count.accepted) fault("lost: " + *it);
    it = taken || count.answered >= count.accepted ? open_.erase(it) : std::next(it);
  }
}

Ledger::Count& Ledger::touch(const std::string& letter) {
  touched_.insert(letter);
  return counts_[letter];
}

std::vector<std::string> Ledger::unknown() const { return {unknown_.begin(), unknown_.end()}; }

std::vector<std::string> Ledger::take_delivered() { return std::exchange(delivered_, {}); }

std::vector<std::string> Ledger::missing() const { return {open_.begin(), open_.end()}; }

std::size_t Ledger::duplicates() const {
  std::size_t sum = 0;
  for (const auto& [name, count] : counts_) {
    sum += static_cast<std::size_t>(std::max(0, count.answered - count.may_be));
  }
  return sum;
}

}  // namespace hookline::crash
