#include "importer/import_id.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <random>

namespace importer {

std::string new_import_id() {
  std::random_device random;
  const auto bits = [&] { return static_cast<std::uint32_t>(random()); };
  const std::uint32_t version_part = (bits() & 0xffff0fffu) | 0x00004000u;
  const std::uint32_t variant_part = (bits() & 0x3fffffffu) | 0x80000000u;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", bits(), version_part >> 16,
                     version_part & 0xffffu, variant_part >> 16, variant_part & 0xffffu, bits());
}

}  // namespace importer
