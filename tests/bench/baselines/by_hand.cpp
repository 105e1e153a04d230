#include <curl/curl.h>
#include <sqlite3.h>

#include <stdexcept>

#include "baselines/baselines.hpp"
#include "harness/database.hpp"

namespace hookline::bench {
namespace {

void post(const BarePlan& plan, curl_slist* headers) {
  CURL* const easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, plan.url.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, plan.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(plan.body.size()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &ignore_answer);
  const CURLcode code = curl_easy_perform(easy);
  curl_easy_cleanup(easy);
  if (code != CURLE_OK) throw std::runtime_error("by hand: a request failed");
}

}  // namespace

Figures run_by_hand(const BarePlan& plan, const std::string& folder) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const TemporaryFile file(folder);
  Database db(file.path());
  db.run(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
      "CREATE TABLE event(id INTEGER PRIMARY KEY, body BLOB NOT NULL, status INTEGER)");
  Statement insert(db, "INSERT INTO event VALUES(?1,?2,0)");
  Statement update(db, "UPDATE event SET status=?2 WHERE id=?1");
  curl_slist* headers = nullptr;
  for (const std::string& header : signed_headers()) {
    headers = curl_slist_append(headers, header.c_str());
  }
  Latencies latencies;
  const Meter meter;
  const auto end = Steady::now() + std::chrono::duration<double>(plan.seconds);
  for (std::int64_t id = 1; Steady::now() < end; ++id) {
    const auto start = Steady::now();
    insert.run(id, plan.body);
    post(plan, headers);
    update.run(id, std::int64_t{200});
    latencies.add(Steady::now() - start);
  }
  Figures figures;
  meter.add_to(figures, latencies.size());
  latencies.add_to(figures);
  curl_slist_free_all(headers);
  return figures;
}

}  // namespace hookline::bench
