#include "send/header_list.hpp"

#include <string>

#include "catch.hpp"

using namespace hookline;
using detail::HeaderList;

namespace {

std::vector<std::string> lines_of(HeaderList& list) {
  std::vector<std::string> lines;
  for (const curl_slist* node = list.list(); node != nullptr; node = node->next) {
    lines.emplace_back(node->data);
  }
  return lines;
}

}  // namespace

TEST_CASE("The lines of headers are overwritten when they are wiped, and can be made anew") {
  HeaderList list;
  list.assign({{"authorization", "Bearer HushHush-0123456789"}, {"x-a", "1"}});
  const char* line = list.list()->data;
  REQUIRE(std::string(line) == "authorization: Bearer HushHush-0123456789");
  const std::size_t size = std::string(line).size();
  list.wipe();
  // The memory is kept for the next request.
  CHECK(std::string(line, size).find("Hush") == std::string::npos);
  list.assign({{"x-a", "1"}});
  CHECK(lines_of(list).front() == "x-a: 1");
}

TEST_CASE(
    "Credentials of a request are overwritten where they stand, in any spelling of the name") {
  std::vector<HttpHeader> headers = {{"Authorization", "Basic HushHush"}, {"x-a", "kept"}};
  detail::wipe_credentials(headers);
  CHECK(headers[0].value == std::string(14, '\0'));
  CHECK(headers[1].value == "kept");
}
