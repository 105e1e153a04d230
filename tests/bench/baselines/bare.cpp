#include <curl/curl.h>

#include <memory>
#include <stdexcept>

#include "baselines/baselines.hpp"

namespace hookline::bench {
namespace {

/// The easy handles of the loop, each with the time at which its request began.
class Loop {
 public:
  explicit Loop(const BarePlan& plan) : plan_(plan), multi_(curl_multi_init()) {
    for (const std::string& header : signed_headers()) {
      headers_ = curl_slist_append(headers_, header.c_str());
    }
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 2000L);
    started_.resize(plan.in_flight);
    for (std::size_t i = 0; i < plan.in_flight; ++i) begin(make_easy(i), i);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    for (CURL* easy : easies_) {
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
    }
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }

  /// One turn: serves what is ready, and begins a request for each that has ended.
  std::size_t turn(Latencies& latencies) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    std::size_t ended = 0;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      ++ended;
      again(message->easy_handle, message->data.result, latencies);
    }
    if (ended == 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    return ended;
  }

 private:
  CURL* make_easy(std::size_t index) {
    CURL* const easy = curl_easy_init();
    easies_.push_back(easy);
    curl_easy_setopt(easy, CURLOPT_URL, plan_.url.c_str());
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, plan_.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(plan_.body.size()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &ignore_answer);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    if (!plan_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, plan_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, reinterpret_cast<void*>(index));
    return easy;
  }

  void begin(CURL* easy, std::size_t index) {
    started_[index] = Steady::now();
    curl_multi_add_handle(multi_, easy);
  }

  void again(CURL* easy, CURLcode code, Latencies& latencies) {
    long status = 0;
    void* index = nullptr;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &index);
    if (code != CURLE_OK || status != 200) {
      throw std::runtime_error(std::string("bare: a request failed: ") + curl_easy_strerror(code));
    }
    const auto place = reinterpret_cast<std::size_t>(index);
    latencies.add(Steady::now() - started_[place]);
    curl_multi_remove_handle(multi_, easy);
    begin(easy, place);
  }

  const BarePlan& plan_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::vector<CURL*> easies_;
  std::vector<Steady::time_point> started_;
};

}  // namespace

std::size_t ignore_answer(char* /*bytes*/, std::size_t size, std::size_t count, void* /*unused*/) {
  return size * count;
}

std::vector<std::string> signed_headers() {
  return {"content-type: application/json",
          "user-agent: hookline/0.1.0",
          "webhook-id: msg_01M855PFR8P4X4NJMB7A4HSHVC",
          "webhook-timestamp: 1714065614",
          "webhook-signature: v1,TQbP5gRppIlsHohKJyq1P8c6Qn8n8d1WegyFaPw0tpQ=",
          "Accept:",
          "Expect:"};
}

Figures run_bare(const BarePlan& plan) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Loop loop(plan);
  Latencies warm_up;
  for (const auto end = Steady::now() + std::chrono::duration<double>(plan.seconds / 4);
       Steady::now() < end;) {
    loop.turn(warm_up);
  }
  Latencies latencies;
  const Meter meter;
  for (const auto end = Steady::now() + std::chrono::duration<double>(plan.seconds);
       Steady::now() < end;) {
    loop.turn(latencies);
  }
  Figures figures;
  meter.add_to(figures, latencies.size());
  latencies.add_to(figures);
  return figures;
}

}  // namespace hookline::bench
