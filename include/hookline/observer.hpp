#pragma once

#include "hookline/delivery.hpp"
#include "hookline/dispatch_receipt.hpp"
#include "hookline/export.hpp"
#include "hookline/webhook.hpp"

namespace hookline {

/// Hears of what a dispatcher does. Derive from it and override what is of interest.
///
/// All calls come from one thread of the dispatcher that does nothing else, in the order in which
/// things were recorded; only `on_dispatch` can be overtaken by the first attempt. No lock is held:
/// a callback may call anything, `dispatch()` too, but must not destroy the dispatcher. What it
/// does not take in time is dropped and counted
/// (`DispatcherStats::observer_dropped`): the store, not the observer, is the record.
/// A callback must not throw.
class HOOKLINE_API Observer {
 public:
  virtual ~Observer();

  /// An import was accepted.
  virtual void on_dispatch(const DispatchReceipt& receipt);
  /// An attempt was recorded; `delivery` is as it stands afterwards.
  virtual void on_attempt(const Delivery& delivery, const Attempt& attempt);
  /// A delivery has ended, after `on_attempt` if an attempt ended it.
  virtual void on_outcome(const Delivery& delivery);
  /// hookline has disabled a webhook; `disabled_reason` says why.
  virtual void on_webhook_disabled(const Webhook& webhook);
};

}  // namespace hookline
