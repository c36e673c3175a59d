// The rheo command.
#include <malloc.h>

#include <algorithm>

#include "apps/command/command_line.hpp"

int main(int argc, char** argv) {
  // HDF5 takes a megabyte for each file that it opens: the next file is to find what the last one gave back.
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
  return rheo::run_rheo({argv + std::min(argc, 1), argv + argc});
}
