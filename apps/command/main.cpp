// The rheo command.
#include <algorithm>

#include "apps/command/command_line.hpp"

int main(int argc, char** argv) {
  return rheo::run_rheo({argv + std::min(argc, 1), argv + argc});
}
