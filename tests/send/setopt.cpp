#include "send/setopt.hpp"

#include <dlfcn.h>

#include <cstdarg>
#include <cstdlib>
#include <map>
#include <mutex>

namespace hookline::test {
namespace {

struct State {
  std::mutex mutex;
  std::map<CURLoption, Replacement> replacements;
  bool watching = false;
  std::set<CURLoption> seen;
};

/// With the replacements that take away what the environment names.
State& state() {
  static State* const made = [] {
    auto* const fresh = new State;
    const char* const without = std::getenv(kWithoutVariable);
    if (without == nullptr) return fresh;
    for (const Defence& defence : defences()) {
      if (defence.name != without) continue;
      fresh->replacements.insert(defence.without.begin(), defence.without.end());
    }
    if (fresh->replacements.empty()) std::abort();
    return fresh;
  }();
  return *made;
}

template <class T>
CURLcode call_libcurl(CURL* easy, CURLoption option, T value) {
  using Function = CURLcode (*)(CURL*, CURLoption, ...);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "curl_easy_setopt"));
  return real(easy, option, value);
}

Replacement replacement_of(CURLoption option) {
  State& now = state();
  const std::lock_guard lock(now.mutex);
  if (now.watching) now.seen.insert(option);
  const auto found = now.replacements.find(option);
  return found == now.replacements.end() ? nullptr : found->second;
}

}  // namespace

Replaced::Replaced(CURLoption option, Replacement replacement) : option_(option) {
  const std::lock_guard lock(state().mutex);
  state().replacements[option] = std::move(replacement);
}

Replaced::~Replaced() {
  const std::lock_guard lock(state().mutex);
  state().replacements.erase(option_);
}

Replacement refused() {
  return [](CURL*, void*) { return CURLE_UNKNOWN_OPTION; };
}

Replacement left_out() {
  return [](CURL*, void*) { return CURLE_OK; };
}

Replacement set_to(CURLoption option, long value) {
  return [=](CURL* easy, void*) { return real_setopt(easy, option, value); };
}

CURLcode real_setopt(CURL* easy, CURLoption option, long value) {
  return call_libcurl(easy, option, value);
}

CURLcode real_setopt(CURL* easy, CURLoption option, void* value) {
  return call_libcurl(easy, option, value);
}

CURLcode real_setopt(CURL* easy, CURLoption option, curl_write_callback value) {
  return call_libcurl(easy, option, value);
}

SeenOptions::SeenOptions() {
  const std::lock_guard lock(state().mutex);
  state().seen.clear();
  state().watching = true;
}

SeenOptions::~SeenOptions() {
  const std::lock_guard lock(state().mutex);
  state().watching = false;
}

std::set<CURLoption> SeenOptions::all() const {
  const std::lock_guard lock(state().mutex);
  return state().seen;
}

}  // namespace hookline::test

#undef curl_easy_setopt
// The option is an enumeration, as libcurl has it.
#pragma GCC diagnostic ignored "-Wvarargs"
extern "C" CURLcode curl_easy_setopt(CURL* easy, CURLoption option, ...) {
  using namespace hookline::test;
  va_list arguments;
  va_start(arguments, option);
  const int kind = static_cast<int>(option) / 10000 * 10000;
  const bool number = kind == CURLOPTTYPE_LONG;
  const bool offset = kind == CURLOPTTYPE_OFF_T;
  const long value = number ? va_arg(arguments, long) : 0;
  const curl_off_t size = offset ? va_arg(arguments, curl_off_t) : 0;
  void* const pointer = number || offset ? nullptr : va_arg(arguments, void*);
  va_end(arguments);

  if (const Replacement instead = replacement_of(option)) return instead(easy, pointer);
  if (number) return call_libcurl(easy, option, value);
  return offset ? call_libcurl(easy, option, size) : call_libcurl(easy, option, pointer);
}
