#include "store/sqlite_lock_file.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using detail::SqliteLockFile;
using std::chrono::milliseconds;

TEST_CASE("Of five who write without a pause nobody is passed over again and again") {
  constexpr std::size_t kWriters = 5;
  const fakes::SqliteFile file;
  std::atomic<int> turns{0};
  std::atomic<bool> failed{false};
  std::vector<int> passed_over(kWriters);
  std::vector<std::thread> writers;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (int& most : passed_over) {
    writers.emplace_back([&] {
      const auto lock = SqliteLockFile::open(file.path());
      while (lock && !failed && std::chrono::steady_clock::now() < end) {
        const int before = turns;
        failed = failed || !(*lock)->lock_writing(milliseconds(10'000));
        most = std::max(most, turns - before);
        ++turns;
        std::this_thread::sleep_for(milliseconds(1));
        (*lock)->unlock_writing();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK_FALSE(failed);
  CHECK(turns > 100);
  for (const int most : passed_over) CHECK(most < 60);
}
