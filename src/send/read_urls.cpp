#include "send/read_urls.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/fail.hpp"
#include "send/url.hpp"

namespace hookline::detail {
namespace {

Result<std::shared_ptr<const ReadUrl>> read_anew(const std::string& url,
                                                 const AddressPolicy& policy);
bool reads_as(CURLU* url, const CheckedUrl& checked);

}  // namespace

Result<std::shared_ptr<const ReadUrl>> ReadUrls::read(const std::string& url,
                                                      const AddressPolicy& policy) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(url);
    if (known != known_.end() && known->second.policy == policy) return known->second.url;
  }
  auto read = read_anew(url, policy);
  if (!read || url.size() > kLongest) return read;
  decltype(known_) forgotten;  // what it holds goes when others need not wait for it any more
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMost) known_.swap(forgotten);
  known_.insert_or_assign(url, Known{policy, *read});
  return read;
}

namespace {

/// Two parsers that read one URL differently are how such checks are passed by: what libcurl will
/// dial has to be what the policy has seen.
Result<std::shared_ptr<const ReadUrl>> read_anew(const std::string& url,
                                                 const AddressPolicy& policy) {
  auto checked = policy.check_url(url);
  if (!checked) return tl::unexpected(std::move(checked.error()));
  auto read = std::make_shared<ReadUrl>();
  read->checked = *std::move(checked);
  read->url = std::shared_ptr<CURLU>(curl_url(), &curl_url_cleanup);
  if (!read->url) return fail(ErrorCode::system_failed, "url: out of memory");
  const CURLUcode code =
      curl_url_set(read->url.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER);
  if (code != CURLUE_OK) return fail(ErrorCode::invalid_url, "url: {}", curl_url_strerror(code));
  if (!reads_as(read->url.get(), read->checked)) {
    return fail(ErrorCode::invalid_url,
                "url: it can be read in two ways; write its host and port plainly");
  }
  return read;
}

/// Whether libcurl has found the host and the port that were checked.
bool reads_as(CURLU* url, const CheckedUrl& checked) {
  char* host = nullptr;
  char* port = nullptr;
  const bool complete = curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                        curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
  bool same = false;
  if (complete) {
    const auto read = parse_host(host);
    same = read && read->text == checked.host && port == fmt::format_int(checked.port).str();
  }
  curl_free(host);
  curl_free(port);
  return same;
}

}  // namespace
}  // namespace hookline::detail
