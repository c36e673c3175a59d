// A small sweep in a folder of a test's own, run by the command, and its table.
#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/apps/command.hpp"

using Row = std::map<std::string, std::string>;

// Poisson input, a plastic projection, spikes recorded: 20 ms of work where `duration` is 300.
inline fs::path write_sweep(const Scratch& scratch, const std::string& sweep, double duration = 50) {
  std::ofstream(scratch / "base.toml") << R"([simulation]
duration = )" << duration << R"(
seed = 3
[populations.E]
model = "iaf_psc_delta"
size = 40
params = { tau_m = 20.0, E_L = 0.0, V_reset = 0.0, V_th = 20.0, t_ref = 2.0 }
[inputs.background]
kind = "poisson"
target = "E"
rate = 15000.0
weight = 0.12
[projections.excitation]
source = "E"
target = "E"
connect = { rule = "fixed_indegree", indegree = 4, multapses = false }
weight = 0.2
delay = { uniform = [1.0, 5.0] }
plasticity = { rule = "stdp_pair" }
[record.spikes]
)";
  std::ofstream(scratch / "sweep.toml") << "include = \"base.toml\"\n" << sweep;
  return scratch / "sweep.toml";
}

inline const std::string six = R"([sweep]
repeats = 2
metrics = ["rate.E", "cv_isi.E", "synchrony.E", "spikes.E"]
[sweep.axes]
"inputs.background.rate" = { linspace = [14000, 18000, 3] }
)";

inline std::vector<Row> read_csv(const fs::path& file) {
  std::vector<Row> rows;
  std::vector<std::string> names;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"')
        quoted = !quoted;
      else if (c == ',' && !quoted)
        cells.emplace_back();
      else
        cells.back() += c;
    }
    if (names.empty()) {
      names = cells;
      continue;
    }
    REQUIRE(cells.size() == names.size());
    Row& row = rows.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i) row[names[i]] = cells[i];
  }
  return rows;
}

struct Sweep {
  const Scratch& scratch;
  fs::path file, out;
  explicit Sweep(const Scratch& folder, const std::string& text, const std::string& name = "out", double duration = 50)
      : scratch(folder), file(write_sweep(folder, text, duration)), out(folder / name) {}

  std::vector<std::string> words(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"sweep", file.string(), "--out", out.string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  int run(const std::vector<std::string>& more = {}) const { return code_of(scratch, words(more)); }
  std::string status() const {
    Command command(scratch, {"sweep", "status", out.string()});
    CHECK(command.end() == 0);
    return command.out();
  }
  std::vector<Row> collect() const {
    REQUIRE(code_of(scratch, {"sweep", "collect", out.string()}) == 0);
    return read_csv(out / "sweep.csv");
  }
  // Without what may differ between two runs of the same points.
  std::vector<Row> results() const {
    auto rows = collect();
    for (Row& row : rows)
      for (const char* name : {"build_wall_time_s", "simulate_wall_time_s", "real_time_factor", "peak_memory_bytes"})
        row.erase(name);
    return rows;
  }
  // Lines of the journals that say this of a point.
  std::size_t journaled(const std::string& state) const {
    std::size_t count = 0;
    if (!fs::exists(out / "journal")) return 0;
    for (const auto& journal : fs::directory_iterator(out / "journal")) {
      std::ifstream stream(journal.path());
      for (std::string line; std::getline(stream, line);)
        count += line.find("\"state\":\"" + state) != std::string::npos;
    }
    return count;
  }
};
