#include "common/webhook_keys.hpp"

#include <sys/stat.h>

#include <utility>

#include "common/text_file.hpp"

namespace examples {
namespace {

constexpr std::size_t kMaxKeyFileBytes = 64 * 1024;

/// Whether somebody else may read or write it.
bool is_open_to_others(const std::string& path) {
  struct stat about = {};
  return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & 077) != 0;
}

}  // namespace

void add_key_option(CLI::App& app, std::string& key_file) {
  app.add_option("--key-file", key_file,
                 "the keys that webhooks are sealed with in the store: a line for each, its id and "
                 "32 bytes in base64, the current one first")
      ->type_name("FILE");
}

Checked<std::shared_ptr<hookline::SealedWebhooks>> sealed_with(
    std::shared_ptr<hookline::WebhookStore> webhooks, const std::string& key_file) {
  const auto text = read_text_file(key_file, kMaxKeyFileBytes);
  if (!text) return tl::unexpected("--key-file: " + text.error());
  if (is_open_to_others(key_file)) {
    return tl::unexpected("--key-file: " + key_file + " is open to others; chmod 600 it");
  }
  auto keys = hookline::read_sealing_keys(*text);
  if (!keys) return fault("--key-file: " + key_file, keys.error());
  auto sealed = hookline::SealedWebhooks::create(std::move(webhooks), *std::move(keys));
  if (!sealed) return fault("--key-file: " + key_file, sealed.error());
  return *std::move(sealed);
}

Checked<std::shared_ptr<hookline::WebhookStore>> with_keys(
    std::shared_ptr<hookline::WebhookStore> webhooks, const std::string& key_file) {
  if (key_file.empty()) return webhooks;
  return sealed_with(std::move(webhooks), key_file);
}

}  // namespace examples
