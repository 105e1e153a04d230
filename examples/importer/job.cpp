#include "importer/job.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "common/text_file.hpp"
#include "importer/csv_rows.hpp"
#include "importer/import_id.hpp"
#include "importer/opened_store.hpp"
#include "importer/user_file.hpp"

namespace importer {
namespace {

examples::Checked<hookline::AddressPolicy> policy_of(const Options& options);
examples::Checked<hookline::Import> common_import(const Options& options);
examples::Checked<void> check_imports(const Options& options, const Job& job);
std::string at_fault(const Options& options, const CsvFile& file, hookline::ErrorCode code);
hookline::ImportStatus status_from(const std::string& name);

}  // namespace

examples::Checked<Job> prepare(const Options& options, examples::Progress& progress) {
  Job job;
  const auto policy = policy_of(options);
  if (!policy) return tl::unexpected(policy.error());
  auto common = common_import(options);
  if (!common) return tl::unexpected(common.error());
  job.common = std::move(*common);
  for (const std::string& path : options.files) {
    progress.show(fmt::format("reading {}", path));
    const auto rows = count_data_rows(path);
    if (!rows) return tl::unexpected(rows.error());
    job.files.push_back({path, *rows});
  }
  if (const auto checked = check_imports(options, job); !checked) {
    return tl::unexpected(checked.error());
  }
  // Last, so that bad input makes no file.
  auto opened = open_store(options, *policy);
  if (!opened) return tl::unexpected(opened.error());
  job.store = std::move(opened->store);
  job.registry = std::move(opened->registry);
  return job;
}

hookline::Import import_of(const Job& job, const CsvFile& file) {
  hookline::Import import = job.common;
  import.id = new_import_id();
  import.filename = std::filesystem::path(file.path).filename().string();
  import.created_date = std::chrono::system_clock::now();
  import.num_data_rows = file.data_rows;
  return import;
}

namespace {

examples::Checked<hookline::AddressPolicy> policy_of(const Options& options) {
  auto policy = examples::address_policy(options.addresses);
  if (!policy || !options.webhook_url) return policy;
  const auto url = policy->check_url(*options.webhook_url);
  if (!url) return examples::fault("--webhook-url", url.error());
  return policy;
}

examples::Checked<hookline::Import> common_import(const Options& options) {
  hookline::Import import;
  import.tenant = options.tenant;
  import.import_identifier = options.identifier;
  import.saved_schema_id = options.schema;
  import.webhook_url = options.webhook_url;
  import.development_mode = options.development;
  import.status = status_from(options.status);
  import.has_data = true;
  if (!options.headless_file.empty()) {
    auto document = examples::read_text_file(options.headless_file, examples::kMaxDocumentBytes);
    if (!document) return tl::unexpected(document.error());
    import.import_type = hookline::ImportType::headless;
    import.headless = std::move(*document);
  }
  if (!options.user_file.empty()) {
    auto user = read_user(options.user_file);
    if (!user) return tl::unexpected(user.error());
    import.user = std::move(*user);
  }
  return import;
}

/// Builds what would be sent, for the faults alone.
examples::Checked<void> check_imports(const Options& options, const Job& job) {
  const hookline::PayloadBuilder builder;
  for (const CsvFile& file : job.files) {
    const auto body = builder.managed(import_of(job, file));
    if (!body) return examples::fault(at_fault(options, file, body.error().code), body.error());
  }
  return {};
}

std::string at_fault(const Options& options, const CsvFile& file, hookline::ErrorCode code) {
  using Code = hookline::ErrorCode;
  if (code == Code::no_event_for_state) return "--status";
  if (code == Code::invalid_headless || code == Code::body_too_large) return options.headless_file;
  return file.path;
}

hookline::ImportStatus status_from(const std::string& name) {
  if (name == "needs_review") return hookline::ImportStatus::needs_review;
  if (name == "failed") return hookline::ImportStatus::failed;
  return hookline::ImportStatus::successful;
}

}  // namespace
}  // namespace importer
