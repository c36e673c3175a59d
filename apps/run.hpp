// One experiment from its file to its sealed results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/parallel.hpp"
#include "io/experiment.hpp"
#include "networks/network.hpp"

namespace CLI {
class App;
}

namespace rheo {

struct RunOptions {
  std::string file;                    // *.json: a SONATA config; anything else: an experiment file (TOML)
  std::vector<std::string> overrides;  // "key=value"
  std::filesystem::path out;           // empty: what the experiment says, else <stem>.out in the working directory
  unsigned threads = 0;                // 0: every processor that the process may use
  std::optional<std::uint64_t> seed;   // instead of the experiment's
  std::optional<std::uint32_t> lanes;
  std::vector<std::string> plugins;  // libraries of plasticity rules
  bool quiet = false;
  bool profile = false, pin = false;
};

// Reads either kind of file. plugins: libraries of plasticity rules for an experiment file.
Experiment open_experiment(const std::string& file, const std::vector<std::string>& overrides,
                           const std::vector<std::string>& plugins = {});
// --plugin of a command.
void add_plugin_option(CLI::App& command, std::vector<std::string>& plugins);

// Checks the network of an experiment without building it; what is wrong comes out with file and line.
void check_network(const Experiment& experiment);
// Builds it, likewise.
Network build_network(const Experiment& experiment, const Threads& threads);

// Projections learn as this phase of the experiment says, from here on.
void begin_phase(Network& network, const Experiment& experiment, const Phase& phase);
// Computes all ticks of the experiment, phase by phase.
void run_phases(Network& network, const Experiment& experiment);

// Which projections learn: "all", "nothing" or names.
std::string learning_text(const Experiment& experiment, const Phase& phase);
// A line for each phase, behind a label.
std::string phases_text(const Experiment& experiment, std::string_view label = "  phase       ");

// "12,345"
std::string grouped(std::uint64_t number);

// Runs it: progress on stderr, the summary on stdout, results in the output directory. Returns the exit code, 0 or
// exit_interrupted. Throws UserError.
int run_experiment(const RunOptions& options);

}  // namespace rheo
