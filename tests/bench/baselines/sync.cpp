#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "baselines/baselines.hpp"
#include "harness/database.hpp"

namespace hookline::bench {

Figures run_sync(const std::string& folder, double time) {
  const TemporaryFile temporary(folder);
  const int file =
      ::open(temporary.path().c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("sync: no file");
  const std::string block(1024, 'x');
  Latencies latencies;
  const Meter meter;
  for (const auto end = Steady::now() + std::chrono::duration<double>(time); Steady::now() < end;) {
    const auto start = Steady::now();
    if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0) {
      throw std::runtime_error("sync: the disk has failed");
    }
    latencies.add(Steady::now() - start);
  }
  ::close(file);
  Figures figures;
  meter.add_to(figures, latencies.size());
  latencies.add_to(figures);
  return figures;
}

}  // namespace hookline::bench
