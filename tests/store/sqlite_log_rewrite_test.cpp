#include "store/sqlite_log_rewrite.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "catch.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_log_format.hpp"

using namespace hookline;
using namespace hookline::fakes;
using Kind = detail::LogRewrite::Kind;

namespace {

constexpr std::size_t kHeader = detail::kLogHeader;
constexpr std::size_t kFrame = detail::kFrameHeader + 4096;

/// What a store has written to its log, in a file of its own.
std::string log_of_a_store() {
  const SqliteFile file;
  const Shelf shelf(file.open());
  for (int i = 0; i < 20; ++i) shelf.put(lane("a"));
  std::ifstream in(file.path() + "-wal", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// A file with these bytes.
class Log {
 public:
  explicit Log(const std::string& bytes) : path_((folder_.folder() / "log").string()) {
    std::ofstream(path_, std::ios::binary) << bytes;
    file_ = ::open(path_.c_str(), O_RDWR);
    REQUIRE(file_ >= 0);
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() { ::close(file_); }

  [[nodiscard]] Kind rewrite(std::size_t frames) const {
    return detail::rewrite_log(file_, frames).kind;
  }
  [[nodiscard]] std::string bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const SqliteFile folder_;
  const std::string path_;
  int file_ = -1;
};

}  // namespace

TEST_CASE("A log is written anew as it stands") {
  const std::string bytes = log_of_a_store();
  const std::size_t frames = (bytes.size() - kHeader) / kFrame;
  REQUIRE(frames > 100);  // more than go in one write
  const Log log(bytes);
  const auto long_ago = std::filesystem::last_write_time(log.path()) - std::chrono::hours(1);
  std::filesystem::last_write_time(log.path(), long_ago);
  CHECK(log.rewrite(frames) == Kind::done);
  CHECK(log.bytes() == bytes);
  CHECK(std::filesystem::last_write_time(log.path()) > long_ago);
}

TEST_CASE("A log that was damaged anywhere is not taken for one") {
  const std::string bytes = log_of_a_store();
  const std::size_t frames = (bytes.size() - kHeader) / kFrame;
  const std::size_t last = kHeader + (frames - 1) * kFrame;
  for (const std::size_t place :
       {std::size_t{0}, std::size_t{10}, std::size_t{17}, std::size_t{31}, kHeader, kHeader + 9,
        kHeader + 20, kHeader + 24, kHeader + 70 * kFrame + 1'000, last + 3, bytes.size() - 1}) {
    INFO(place);
    std::string damaged = bytes;
    damaged[place] = static_cast<char>(damaged[place] + 1);
    CHECK(Log(damaged).rewrite(frames) == Kind::damaged);
  }
}

TEST_CASE("What stands behind the last commit of a log does not matter") {
  const std::string bytes = log_of_a_store();
  const std::size_t frames = (bytes.size() - kHeader) / kFrame;
  CHECK(Log(bytes + "rest").rewrite(frames) == Kind::done);
  CHECK(Log(bytes).rewrite(frames + 1) == Kind::damaged);
  CHECK(Log("").rewrite(1) == Kind::damaged);
  CHECK(Log(bytes).rewrite(0) == Kind::damaged);
}
