// An importer service in miniature: see README.md in the folder above.

#include <chrono>
#include <hookline/hookline.hpp>
#include <memory>

#include "common/command_line.hpp"
#include "importer/job.hpp"
#include "importer/options.hpp"
#include "importer/progress.hpp"
#include "importer/reporter.hpp"

namespace importer {
namespace {

enum ExitStatus { kDelivered = 0, kFailed = 1, kUnfinished = 3, kUndelivered = 4 };

/// How long deliveries have where nobody waits for them, and requests that are out at the end.
constexpr std::chrono::seconds kWithoutWait{5};
constexpr std::chrono::seconds kLastRequests{1};

int run(const Options& options);
int deliver(const Job& job, const Options& options, Progress& progress);
bool dispatch_all(const Job& job, hookline::Dispatcher& dispatcher, Reporter& reporter);
int exit_status(bool all_accepted, const Reporter& reporter, const hookline::DeliveryStore& store);
int failed(std::string_view message);

int run(const Options& options) {
  Progress progress;
  const auto job = prepare(options, progress);
  if (job) return deliver(*job, options, progress);
  progress.clear();
  examples::complain("importer", job.error());
  return examples::kBadInput;
}

int deliver(const Job& job, const Options& options, Progress& progress) {
  const auto reporter = std::make_shared<Reporter>(progress, options.wait.has_value());
  hookline::DispatcherOptions settings;
  settings.store = std::make_shared<hookline::MemoryStore>();
  settings.observer = reporter;
  settings.on_bad_headless = hookline::OnBadHeadless::refuse;
  auto dispatcher = hookline::Dispatcher::create(*job.registry, settings);
  if (!dispatcher) return failed(dispatcher.error().message);

  const bool all_accepted = dispatch_all(job, **dispatcher, *reporter);
  (*dispatcher)->flush(options.wait.value_or(kWithoutWait));
  (*dispatcher)->shutdown(kLastRequests);
  dispatcher->reset();
  reporter->catch_up(*settings.store);
  progress.clear();
  return exit_status(all_accepted, *reporter, *settings.store);
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

int exit_status(bool all_accepted, const Reporter& reporter, const hookline::DeliveryStore& store) {
  if (!all_accepted) return kFailed;
  if (!reporter.all_written()) return failed("standard output cannot be written");
  const auto counts = store.counts();
  if (!counts) return failed(counts.error().message);
  if (counts->exhausted + counts->discarded > 0) return kUndelivered;
  return counts->pending + counts->in_flight > 0 ? kUnfinished : kDelivered;
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
