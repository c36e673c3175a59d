#include "networks/description/costs.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include "core/isa.hpp"

namespace rheo {

namespace {

// What the kernel says of a cache of the first processor for data: level and bytes. (glibc counts the caches that other
// processors have, too.)
bool read_cache(int index, int& level, double& bytes) {
  const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
  std::string size, type;
  if (!(std::ifstream(folder + "level") >> level) || !(std::ifstream(folder + "size") >> size) || size.size() > 12)
    return false;
  if (std::ifstream(folder + "type") >> type && type == "Instruction") level = 0;
  bytes = 0;
  std::size_t digits = 0;
  for (; digits < size.size() && size[digits] >= '0' && size[digits] <= '9'; ++digits)
    bytes = 10 * bytes + (size[digits] - '0');
  if (digits < size.size()) bytes *= size[digits] == 'M' ? 1 << 20 : size[digits] == 'K' ? 1 << 10 : 1;
  return bytes > 0;
}

}  // namespace

DeliveryCosts DeliveryCosts::here() {
  // A last cache that is larger belongs to many processors, and what one of them can hold there is not known.
  static constexpr double most = 64 << 20;
  static const DeliveryCosts with_caches = [] {
    DeliveryCosts costs;
    int level = 0;
    double bytes = 0;
    for (int index = 0; read_cache(index, level, bytes); ++index) {
      if (level == 1) costs.first_cache = bytes;
      if (level == 2) costs.near_cache = costs.last_cache = bytes;
      if (level == 3) costs.last_cache = std::min(bytes, most);
    }
    return costs;
  }();
  DeliveryCosts costs = with_caches;
  // Vectors are shorter, and bits have to be made into masks.
  if (const Isa isa = chosen_isa(); isa != Isa::v4) costs.word *= isa == Isa::v3 ? 3 : 8;
  return costs;
}

}  // namespace rheo
