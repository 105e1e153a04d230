#include "send/setopt.hpp"

namespace hookline::test {
namespace {

/// The callback is called, and its veto is not heard.
template <CURLoption kOption>
Replacement deaf_to() {
  static curl_write_callback callback = nullptr;
  return [](CURL* easy, void* given) {
    callback = reinterpret_cast<curl_write_callback>(given);
    const auto deaf = [](char* bytes, std::size_t size, std::size_t count, void* self) {
      callback(bytes, size, count, self);
      return size * count;
    };
    return real_setopt(easy, kOption, static_cast<curl_write_callback>(deaf));
  };
}

}  // namespace

const std::vector<Defence>& defences() {
  static const std::vector<Defence> all = {
      {"addresses are checked when they are dialled",
       {{CURLOPT_OPENSOCKETFUNCTION, left_out()}},
       "A name that resolves to a refused address is a failure that may pass"},
      {"connections are checked when they are used again",
       {{CURLOPT_PREREQFUNCTION, left_out()}},
       "A kept connection is not used under a policy that refuses its address"},
      {"connections stay with whom they were dialled for",
       {{CURLOPT_PREREQFUNCTION, left_out()}},
       "A connection that was dialled under another policy is not used, though both allow it"},
      {"sessions are not resumed under another identity",
       {{CURLOPT_SSL_SESSIONID_CACHE, set_to(CURLOPT_SSL_SESSIONID_CACHE, 1)}},
       "A session is not resumed where a client certificate was shown, and is where none was"},
      {"no proxy",
       {{CURLOPT_PROXY, left_out()}, {CURLOPT_NOPROXY, left_out()}},
       "Proxies named in the environment are not used"},
      {"no redirect",
       {{CURLOPT_FOLLOWLOCATION, set_to(CURLOPT_FOLLOWLOCATION, 1)},
        {CURLOPT_REDIR_PROTOCOLS_STR, left_out()}},
       "Redirects are answers and are not followed"},
      {"no other protocol",
       {{CURLOPT_PROTOCOLS_STR, left_out()}},
       "A URL that got past every check is not spoken to in another protocol"},
      {"no HTTP/0.9",
       {{CURLOPT_HTTP09_ALLOWED, set_to(CURLOPT_HTTP09_ALLOWED, 1)}},
       "Only HTTP/1 is an answer"},
      {"no .netrc",
       {{CURLOPT_NETRC, set_to(CURLOPT_NETRC, CURL_NETRC_OPTIONAL)}},
       "Credentials in .netrc are not sent"},
      {"the authority is verified",
       {{CURLOPT_SSL_VERIFYPEER, set_to(CURLOPT_SSL_VERIFYPEER, 0)}},
       "A certificate of an unknown authority is refused"},
      {"the name is verified",
       {{CURLOPT_SSL_VERIFYHOST, set_to(CURLOPT_SSL_VERIFYHOST, 0)}},
       "A certificate for another name is refused"},
      {"TLS 1.2 at least",
       {{CURLOPT_SSLVERSION, set_to(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_0)}},
       "A receiver that speaks TLS 1.1 alone is refused"},
      {"no log of keys",
       {{CURLOPT_SSL_CTX_FUNCTION, left_out()}},
       "The secrets of a connection are not written to SSLKEYLOGFILE"},
      {"headers are capped",
       {{CURLOPT_HEADERFUNCTION, deaf_to<CURLOPT_HEADERFUNCTION>()}},
       "A header section over its limit is not an answer"},
      {"trailers are capped",
       {{CURLOPT_HEADERFUNCTION, deaf_to<CURLOPT_HEADERFUNCTION>()}},
       "Trailers count as headers and are cut off at the limit"},
      {"bodies are capped",
       {{CURLOPT_WRITEFUNCTION, deaf_to<CURLOPT_WRITEFUNCTION>()}},
       "A body without an end is cut off at the limit"},
      {"unpacked bodies are capped",
       {{CURLOPT_WRITEFUNCTION, deaf_to<CURLOPT_WRITEFUNCTION>()}},
       "The body's limit counts what a transfer coding unpacks to"},
  };
  return all;
}

}  // namespace hookline::test
