#include "networks/description/costs.hpp"

#include <fstream>
#include <string>

#include "core/isa.hpp"

namespace rheo {

namespace {

// What the kernel says of a cache of the first processor: level and bytes. (glibc counts the caches that other
// processors have, too.)
bool read_cache(int index, int& level, double& bytes) {
  const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
  std::string size;
  if (!(std::ifstream(folder + "level") >> level) || !(std::ifstream(folder + "size") >> size) || size.size() > 12)
    return false;
  bytes = 0;
  std::size_t digits = 0;
  for (; digits < size.size() && size[digits] >= '0' && size[digits] <= '9'; ++digits)
    bytes = 10 * bytes + (size[digits] - '0');
  if (digits < size.size()) bytes *= size[digits] == 'M' ? 1 << 20 : size[digits] == 'K' ? 1 << 10 : 1;
  return bytes > 0;
}

}  // namespace

DeliveryCosts DeliveryCosts::here() {
  static const DeliveryCosts with_caches = [] {
    DeliveryCosts costs;
    int level = 0;
    double bytes = 0;
    for (int index = 0; read_cache(index, level, bytes); ++index) {
      if (level == 2) costs.near_cache = costs.last_cache = bytes;
      if (level == 3) costs.last_cache = bytes;
    }
    return costs;
  }();
  DeliveryCosts costs = with_caches;
  // Vectors are shorter, and bits have to be made into masks.
  if (const Isa isa = chosen_isa(); isa != Isa::v4) costs.word *= isa == Isa::v3 ? 3 : 8;
  return costs;
}

}  // namespace rheo
