#pragma once

#include <cstdint>
#include <hookline/hookline.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/checked.hpp"
#include "common/progress.hpp"
#include "importer/options.hpp"

namespace importer {

struct CsvFile {
  std::string path;
  std::uint64_t data_rows = 0;
};

/// What there is to do, all of it checked.
struct Job {
  std::shared_ptr<hookline::DeliveryStore> store;
  std::unique_ptr<hookline::WebhookRegistry> registry;
  hookline::Import common;  ///< what all the imports share
  std::vector<CsvFile> files;
};

/// Reads every file and checks everything that can be wrong, so that bad input is found before
/// anything is sent.
examples::Checked<Job> prepare(const Options& options, examples::Progress& progress);

/// The import of one file, completed now.
hookline::Import import_of(const Job& job, const CsvFile& file);

}  // namespace importer
