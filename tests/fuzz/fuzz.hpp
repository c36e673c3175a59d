// What the fuzzers share: an endless supply of damaged inputs, a time limit, and what may come out of a reader:
// success, or an error that a user can act on. Anything else, a crash or another exception, ends the program with the
// input kept.
//
//   fuzz_experiment [SECONDS] [SEED]     (default 120 s, seed 1; the sanitizers' builds are where it is worth running)
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"

namespace fuzz {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return n == 0 ? 0 : engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937_64 engine_;
};

inline std::string read(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

inline void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

// A folder of this process, in memory where the machine has such a file system.
inline std::filesystem::path scratch(const std::string& name) {
  std::error_code error;
  const std::filesystem::path memory = "/dev/shm";
  const bool usable = std::getenv("TMPDIR") == nullptr && std::filesystem::is_directory(memory, error) &&
                      ::access(memory.c_str(), W_OK) == 0;
  return (usable ? memory : std::filesystem::temp_directory_path()) / (name + "." + std::to_string(::getpid()));
}

// Calls trial(dice, n) until the time is over; trial returns whether its input was accepted. `folder` is where the
// trial keeps its current input.
template <class Trial>
int run(int argc, char** argv, const std::filesystem::path& folder, const Trial& trial) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 120;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  std::cout << argv[0] << ": " << seconds << " s, seed " << seed << ", inputs in " << folder << std::endl;
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t tried = 0, accepted = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < seconds) {
    Dice dice(seed * 0x9e3779b97f4a7c15u + tried);
    try {
      accepted += trial(dice, tried);
    } catch (const rheo::UserError& error) {
      if (std::string(error.what()).empty()) {
        std::cerr << "an error without a word, trial " << tried << "\n";
        return 1;
      }
    } catch (const std::exception& error) {
      std::cerr << "trial " << tried << " ended with " << error.what() << ", which is not for users\n";
      return 1;
    }
    ++tried;
  }
  std::cout << tried << " inputs, " << accepted << " of them accepted" << std::endl;
  if (tried < 100 || accepted == 0 || accepted == tried) {
    std::cerr << "that tests nothing\n";
    return 1;
  }
  return 0;
}

}  // namespace fuzz
