#pragma once

#include <chrono>
#include <functional>
#include <hookline/hookline.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "common/progress.hpp"

namespace hookctl {

using hookline::Result;

/// A store that is open, what it takes to command it, and where answers go.
class Session {
 public:
  struct Settings {
    std::string path;
    std::string key_file;  ///< empty: webhooks stand unsealed in the store
    hookline::AddressPolicy policy;
    bool json = false;           ///< answers are for programs
    bool may_create = false;     ///< the file need not be there yet
    bool opens_webhooks = true;  ///< false: there is no registry, and no dispatcher
  };
  [[nodiscard]] static Result<std::unique_ptr<Session>> open(Settings settings);

  [[nodiscard]] hookline::SqliteStore& store() { return *store_; }
  [[nodiscard]] hookline::WebhookRegistry& registry() { return *registry_; }
  /// One that sends nothing; it comes when it is first asked for.
  [[nodiscard]] Result<hookline::Dispatcher*> dispatcher();

  /// Seals all webhooks with the current key, and says how many were not.
  [[nodiscard]] Result<std::uint64_t> reseal();

  /// Now, on the time line of the store: never before anything that has taken place in it.
  [[nodiscard]] Result<hookline::Moment> now() const;

  /// `url: …` if the options of this run refuse this webhook, so that its state in the store cannot
  /// be told; or nothing.
  [[nodiscard]] std::string refusal(const hookline::Webhook& webhook) const;

  [[nodiscard]] bool json() const { return settings_.json; }
  [[nodiscard]] examples::Progress& progress() { return progress_; }

  /// To standard output.
  void print(std::string_view text);
  /// To standard error, beside the answer.
  void remark(std::string_view text);
  /// Whether everything could be written.
  [[nodiscard]] bool all_written() const { return all_written_; }

 private:
  explicit Session(Settings settings) : settings_(std::move(settings)) {}

  Settings settings_;
  std::shared_ptr<hookline::SqliteStore> store_;
  std::unique_ptr<hookline::WebhookRegistry> registry_;
  std::unique_ptr<hookline::Dispatcher> dispatcher_;
  examples::Progress progress_;
  bool all_written_ = true;
};

/// An error of hookctl's own: what was asked for cannot be.
tl::unexpected<hookline::Error> refuse(std::string message);

/// The state of this webhook cannot be told, or counted on, under the options of this run.
tl::unexpected<hookline::Error> refuse_unknown_state(const hookline::Webhook& webhook,
                                                     std::string_view refusal);

/// A command of the command line, with the options that it was given.
struct Command {
  std::function<Result<void>(Session&)> run;
  bool may_create = false;
  bool opens_webhooks = true;
};

}  // namespace hookctl
