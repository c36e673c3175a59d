// The cortical microcircuit of examples/bench made, run and measured as a user would do it, for the tests that judge
// it.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/files.hpp"

namespace rheo::test {

struct Activity {
  std::string population;
  std::size_t neurons = 0;
  double rate = 0, cv_isi = 0, correlation = 0;
};

// What examples/spike_statistics.py prints of a run's output; everything is in columns, nothing may be missing ("-").
inline std::vector<Activity> activity(const fs::path& output, const fs::path& table, const std::string& options = "") {
  const std::string command = fmt::format("'{}/examples/spike_statistics.py' '{}' {} > '{}'", RHEO_SOURCE_DIR,
                                          output.string(), options, table.string());
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  std::vector<Activity> all;
  std::ifstream lines(table);
  std::string header;
  std::getline(lines, header);
  Activity one;
  while (lines >> one.population >> one.neurons >> one.rate >> one.cv_isi >> one.correlation) all.push_back(one);
  if (!lines.eof()) throw std::runtime_error("no table of numbers:\n" + ::bytes_of(table));
  return all;
}

// Half a second is discarded: the model's own verification does so (initial values are close to the stationary state).
inline std::vector<Activity> microcircuit(const std::string& options, double duration) {
  const Scratch scratch;
  const std::string file = (scratch / "microcircuit.toml").string(), output = (scratch / "out").string();
  const std::string command = fmt::format(
      "/usr/bin/python3 '{0}/examples/bench/make_microcircuit.py' {1} > '{2}' && echo '[record.spikes]' >> '{2}' && "
      "'{3}' run '{2}' --quiet --set simulation.duration={4:.1f} --out '{5}'",
      RHEO_SOURCE_DIR, options, file, RHEO_COMMAND, duration, output);
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  return activity(output, scratch / "table", "--discard 500 --bin 2 --neurons 250");
}

// Hz, L23E L23I L4E L4I L5E L5I L6E L6I: the run of the full model that its authors scale it by.
inline constexpr std::array<double, 8> microcircuit_rates{0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829};

}  // namespace rheo::test
