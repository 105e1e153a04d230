#include "simulation/script.hpp"

#include <fmt/format.h>

#include <array>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace hookline::simulation {
namespace {

using std::chrono::seconds;

constexpr std::array<std::string_view, 9> kMoods = {
    "healthy", "slow", "failing", "flaky", "throttling", "hanging", "dead", "gone", "unusable"};

/// How a verb is written: whom it is about (`r`, `i`, `t` or nobody) and what follows.
struct Form {
  enum class Tail { nothing, number, mood };
  std::string_view name;
  char subject;
  Tail tail;
};

/// In the order of `Verb`.
constexpr std::array<Form, 24> kForms = {
    {{"dispatch", 'r', Form::Tail::number}, {"mood", 'r', Form::Tail::mood},
     {"pause", 'r', Form::Tail::nothing},   {"open", 'r', Form::Tail::nothing},
     {"remove", 'r', Form::Tail::nothing},  {"add", 'r', Form::Tail::nothing},
     {"limit", 'r', Form::Tail::number},    {"spacing", 'r', Form::Tail::number},
     {"fifo", 'r', Form::Tail::number},     {"crash", 'i', Form::Tail::number},
     {"stop", 'i', Form::Tail::number},     {"start", 'i', Form::Tail::nothing},
     {"freeze", 'i', Form::Tail::number},   {"store_fails", 0, Form::Tail::number},
     {"store_slow", 0, Form::Tail::number}, {"offline", 0, Form::Tail::number},
     {"wall", 0, Form::Tail::number},       {"replay", 'r', Form::Tail::number},
     {"recover", 'r', Form::Tail::number},  {"discard", 'r', Form::Tail::nothing},
     {"erase", 't', Form::Tail::nothing},   {"erase_import", 't', Form::Tail::number},
     {"pause_all", 0, Form::Tail::nothing}, {"resume_all", 0, Form::Tail::nothing}}};

template <class Names>
std::size_t place_of(const Names& names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
  }
  throw std::runtime_error(fmt::format("script: {} is unknown", name));
}

std::string line_of(const Action& action) {
  const Form& form = kForms.at(static_cast<std::size_t>(action.verb));
  std::string line = fmt::format("at {} {}", action.at.count(), form.name);
  for (const int who : action.who) line += fmt::format(" {}{}", form.subject, who);
  if (form.tail == Form::Tail::number) line += fmt::format(" {}", action.number);
  if (form.tail == Form::Tail::mood) {
    line += fmt::format(" {}", kMoods.at(static_cast<std::size_t>(action.mood)));
  }
  return line + "\n";
}

std::string line_of(const ReceiverPlan& plan) {
  return fmt::format("receiver r{} t{} {} limit {} spacing {} {}\n", plan.number, plan.tenant,
                     plan.basic ? "basic" : "managed", plan.limit, plan.spacing.count(),
                     plan.fifo ? "fifo" : "any_order");
}

template <class T>
T next(std::istringstream& words) {
  T value{};
  if (!(words >> value)) throw std::runtime_error("script: a line ends too early");
  return value;
}

milliseconds next_ms(std::istringstream& words) { return milliseconds(next<std::int64_t>(words)); }

/// The number behind a letter, as in `r3`.
int next_name(std::istringstream& words) { return std::stoi(next<std::string>(words).substr(1)); }

Action parse_action(std::istringstream& words) {
  Action action;
  action.at = next_ms(words);
  std::array<std::string_view, kForms.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kForms[i].name;
  const std::size_t place = place_of(names, next<std::string>(words));
  action.verb = static_cast<Verb>(place);
  const Form& form = kForms[place];
  while (form.subject != 0 && (words >> std::ws).peek() == form.subject) {
    action.who.push_back(next_name(words));
  }
  if (form.tail == Form::Tail::number) action.number = next<std::int64_t>(words);
  if (form.tail == Form::Tail::mood) {
    action.mood = static_cast<Mood>(place_of(kMoods, next<std::string>(words)));
  }
  return action;
}

ReceiverPlan parse_receiver(std::istringstream& words) {
  ReceiverPlan plan;
  plan.number = next_name(words);
  plan.tenant = next_name(words);
  plan.basic = next<std::string>(words) == "basic";
  next<std::string>(words);
  plan.limit = next<std::size_t>(words);
  next<std::string>(words);
  plan.spacing = next_ms(words);
  plan.fifo = next<std::string>(words) == "fifo";
  return plan;
}

void parse_retention(std::istringstream& words, Retention& retention) {
  retention.delivered = seconds(next<std::int64_t>(words));
  retention.exhausted_and_discarded = seconds(next<std::int64_t>(words));
  retention.pending = seconds(next<std::int64_t>(words));
  const auto bodies = next<std::int64_t>(words);
  if (bodies > 0) retention.bodies = seconds(bodies);
}

void parse_line(const std::string& line, Script& script) {
  std::istringstream words(line);
  std::string what;
  if (!(words >> what) || what[0] == '#') return;
  if (what == "at") {
    script.actions.push_back(parse_action(words));
  } else if (what == "receiver") {
    script.receivers.push_back(parse_receiver(words));
  } else if (what == "seed") {
    script.seed = next<std::uint64_t>(words);
  } else if (what == "max_in_flight") {
    script.max_in_flight = next<std::size_t>(words);
  } else if (what == "max_idle_lanes") {
    script.max_idle_lanes = next<std::size_t>(words);
  } else if (what == "jitter") {
    script.jitter = next<double>(words);
  } else if (what == "store_failure") {
    script.store_failure = next<double>(words);
  } else if (what == "schedule") {
    while (!(words >> std::ws).eof()) script.schedule.push_back(next_ms(words));
  } else if (what == "retention") {
    parse_retention(words, script.retention);
  } else if (what == "settles") {
    script.settles = next_ms(words);
  } else {
    throw std::runtime_error(fmt::format("script: {} is unknown", what));
  }
}

}  // namespace

std::string to_text(const Script& script) {
  const Retention& kept = script.retention;
  std::string text = fmt::format(
      "seed {}\nmax_in_flight {}\nmax_idle_lanes {}\njitter {}\nstore_failure {}\n", script.seed,
      script.max_in_flight, script.max_idle_lanes, script.jitter, script.store_failure);
  text += "schedule";
  for (const milliseconds delay : script.schedule) text += fmt::format(" {}", delay.count());
  text += fmt::format("\nretention {} {} {} {}\nsettles {}\n", kept.delivered.count(),
                      kept.exhausted_and_discarded.count(), kept.pending.count(),
                      kept.bodies ? kept.bodies->count() : 0, script.settles.count());
  for (const ReceiverPlan& plan : script.receivers) text += line_of(plan);
  for (const Action& action : script.actions) text += line_of(action);
  return text;
}

Script parse_script(std::string_view text) {
  Script script;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) parse_line(line, script);
  return script;
}

}  // namespace hookline::simulation
