#pragma once

#include <cstdint>
#include <hookline/hookline.hpp>
#include <memory>
#include <string>
#include <vector>

#include "importer/checked.hpp"
#include "importer/options.hpp"
#include "importer/progress.hpp"

namespace importer {

struct CsvFile {
  std::string path;
  std::uint64_t data_rows = 0;
};

/// What there is to do, all of it checked.
struct Job {
  std::unique_ptr<hookline::WebhookRegistry> registry;
  hookline::Import common;  ///< what all the imports share
  std::vector<CsvFile> files;
};

/// Reads every file and checks everything that can be wrong, so that bad input is found before
/// anything is sent.
Checked<Job> prepare(const Options& options, Progress& progress);

/// The import of one file, completed now.
hookline::Import import_of(const Job& job, const CsvFile& file);

}  // namespace importer
