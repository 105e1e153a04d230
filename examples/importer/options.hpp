#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "common/address_options.hpp"

namespace importer {

/// The command line, as it was given.
struct Options {
  std::string webhooks_file;  ///< empty: the managed webhooks of the store
  std::string store_file;     ///< empty: deliveries are kept in memory
  std::string key_file;       ///< empty: webhooks stand unsealed in the store
  bool drain = false;         ///< deliver what is in the store, and import nothing
  examples::AddressOptions addresses;

  std::string tenant;
  std::optional<std::string> identifier;
  std::optional<std::string> schema;
  std::string user_file;  ///< empty: imports without a user
  bool development = false;
  std::optional<std::string> webhook_url;
  std::string headless_file;  ///< empty: embedded imports
  std::string status = "successful";

  std::optional<std::chrono::milliseconds> wait;
  std::vector<std::string> files;
};

/// The options, or the status to exit with at once; what there is to say has been printed then.
tl::expected<Options, int> parse_options(int argc, char** argv);

}  // namespace importer
