// The rheo command.
#include <malloc.h>

#include <algorithm>

#include "apps/command/command_line.hpp"

int main(int argc, char** argv) {
  // HDF5 takes a megabyte for each file that it opens; from the kernel each time anew, that is a third of a small run.
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
  return rheo::run_rheo({argv + std::min(argc, 1), argv + argc});
}
