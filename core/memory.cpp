#include "core/memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace rheo {

namespace {

// Of the machine, or of the part of it that this process was given when it began.
std::uint64_t given_memory() {
  std::uint64_t memory =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::uint64_t limit = 0;
    if (std::ifstream(path) >> limit) memory = std::min(memory, limit);  // "max" is no number
  }
  return memory;
}

}  // namespace

std::uint64_t usable_memory() {
  static const std::uint64_t given = given_memory();
  std::uint64_t memory = given;
  for (const auto which : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit{};
    if (getrlimit(which, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
      memory = std::min<std::uint64_t>(memory, limit.rlim_cur);
  }
  return memory;
}

}  // namespace rheo
