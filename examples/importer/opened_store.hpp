#pragma once

#include <hookline/hookline.hpp>
#include <memory>

#include "common/checked.hpp"
#include "importer/options.hpp"

namespace importer {

/// Where deliveries are kept, and the webhooks that they go to.
struct OpenedStore {
  std::shared_ptr<hookline::DeliveryStore> store;
  std::unique_ptr<hookline::WebhookRegistry> registry;
};

/// Webhooks come from `--webhooks`, and without it from the store. A store in which deliveries wait
/// for a webhook that is not among them is refused: to a dispatcher that webhook would have been
/// removed, and what waits for it would be discarded.
examples::Checked<OpenedStore> open_store(const Options& options,
                                          const hookline::AddressPolicy& policy);

}  // namespace importer
