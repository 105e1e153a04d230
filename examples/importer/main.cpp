// An importer service in miniature: see README.md in the folder above.

#include <chrono>
#include <hookline/hookline.hpp>
#include <memory>
#include <thread>

#include "common/command_line.hpp"
#include "common/progress.hpp"
#include "importer/job.hpp"
#include "importer/options.hpp"
#include "importer/reporter.hpp"

namespace importer {
namespace {

enum ExitStatus { kDelivered = 0, kFailed = 1, kUnfinished = 3, kUndelivered = 4 };

/// How long deliveries have where nobody waits for them, and requests that are out at the end.
constexpr std::chrono::seconds kWithoutWait{5};
constexpr std::chrono::seconds kLastRequests{1};

int run(const Options& options);
int deliver(const Job& job, const Options& options, examples::Progress& progress);
bool dispatch_all(const Job& job, hookline::Dispatcher& dispatcher, Reporter& reporter);
hookline::Result<void> follow_unfinished(const hookline::DeliveryStore& store, Reporter& reporter);
void wait_for_outcomes(const hookline::DeliveryStore& store, const Reporter& reporter,
                       std::chrono::milliseconds timeout);
int exit_status(bool all_accepted, Reporter& reporter, const hookline::DeliveryStore& store);
int failed(std::string_view message);

int run(const Options& options) {
  examples::Progress progress;
  const auto job = prepare(options, progress);
  if (job) return deliver(*job, options, progress);
  progress.clear();
  examples::complain("importer", job.error());
  return examples::kBadInput;
}

int deliver(const Job& job, const Options& options, examples::Progress& progress) {
  const auto reporter = std::make_shared<Reporter>(progress, options.wait.has_value());
  if (options.drain) {
    const auto followed = follow_unfinished(*job.store, *reporter);
    if (!followed) return failed(followed.error().message);
  }
  hookline::DispatcherOptions settings;
  settings.store = job.store;
  settings.observer = reporter;
  settings.on_bad_headless = hookline::OnBadHeadless::refuse;
  auto dispatcher = hookline::Dispatcher::create(*job.registry, settings);
  if (!dispatcher) return failed(dispatcher.error().message);

  const bool all_accepted = dispatch_all(job, **dispatcher, *reporter);
  reporter->all_accepted();
  wait_for_outcomes(*job.store, *reporter, options.wait.value_or(kWithoutWait));
  (*dispatcher)->shutdown(kLastRequests);
  dispatcher->reset();
  const int status = exit_status(all_accepted, *reporter, *job.store);
  progress.clear();
  return status;
}

bool dispatch_all(const Job& job, hookline::Dispatcher& dispatcher, Reporter& reporter) {
  for (const CsvFile& file : job.files) {
    const auto receipt = dispatcher.dispatch(import_of(job, file));
    if (!receipt) {
      reporter.complain(file.path + ": " + receipt.error().message);
      return false;
    }
    reporter.accepted(*receipt);
  }
  return true;
}

hookline::Result<void> follow_unfinished(const hookline::DeliveryStore& store, Reporter& reporter) {
  using hookline::DeliveryStatus;
  // A delivery may go from one to the other meanwhile: pending ones are looked at last as well.
  for (const auto status :
       {DeliveryStatus::pending, DeliveryStatus::in_flight, DeliveryStatus::pending}) {
    hookline::DeliveryQuery query;
    query.status = status;
    query.limit = 1000;
    for (bool more = true; more;) {
      const auto page = store.list(query);
      if (!page) return tl::unexpected<hookline::Error>(page.error());
      for (const auto& delivery : page->deliveries) reporter.follow(delivery.id);
      query.after = page->next.value_or(0);
      more = page->next.has_value();
    }
  }
  return {};
}

/// Not `Dispatcher::flush`: in a file there may be deliveries of others, which are not waited for,
/// and another process may bring the outcome about.
void wait_for_outcomes(const hookline::DeliveryStore& store, const Reporter& reporter,
                       std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kPause{10};
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (const hookline::DeliveryId id : reporter.followed()) {
    for (;;) {
      const auto delivery = store.find(id);
      if (!delivery || delivery->finished_at) break;
      if (std::chrono::steady_clock::now() >= deadline) return;
      std::this_thread::sleep_for(kPause);
    }
  }
}

int exit_status(bool all_accepted, Reporter& reporter, const hookline::DeliveryStore& store) {
  const auto tally = reporter.catch_up(store);
  if (!all_accepted) return kFailed;
  if (!reporter.all_written()) return failed("standard output cannot be written");
  if (!tally) return failed(tally.error().message);
  if (tally->undelivered > 0) return kUndelivered;
  return tally->unfinished > 0 ? kUnfinished : kDelivered;
}

int failed(std::string_view message) {
  examples::complain("importer", message);
  return kFailed;
}

}  // namespace
}  // namespace importer

int main(int argc, char** argv) {
  const auto options = importer::parse_options(argc, argv);
  return options ? importer::run(*options) : options.error();
}
