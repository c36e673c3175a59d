// What the sub-commands of rheo do that no library does, one file each. Each function returns an exit code, or what it
// has to tell, and throws UserError for what the user can mend. apps/command/command_line.cpp fills the options.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "io/spikes/convert.hpp"
#include "io/text/json.hpp"
#include "networks/network.hpp"

namespace rheo {

// The same twice: for a person, and for a program (--json; docs/json.md).
struct Told {
  std::string text;
  Json json;
};

struct ValidateOptions {
  std::string file;
  std::vector<std::string> overrides, plugins;
};
Told validate_experiment(const ValidateOptions& options);

struct ModelsOptions {
  std::string model, rule, folder, rules_folder;
  std::vector<std::string> plugins;
};
Told tell_of_models(const ModelsOptions& options);

struct InspectOptions {
  std::string file;
  std::vector<std::string> overrides, plugins;
  std::string layout;  // a file of costs
  bool graph = false;
  std::uint32_t samples = 1000;
  unsigned threads = 0;
};
Told inspect_network(const InspectOptions& options);

int recover_run(const std::string& directory);

int verify_files(const std::filesystem::path& path);

struct ExportOptions {
  std::string network;  // experiment file or SONATA config
  std::string spikes;   // output directory of a run, or a file with spikes
  std::string format;
  std::string out;
  std::string start;  // of an NWB session
  std::vector<std::string> overrides;
};
int export_files(const ExportOptions& options);
// The network of an experiment as SONATA, in a directory that is not there yet. built: called once it is known that it
// can be written; what it returns has not run. Throws UserError.
void export_network(const Experiment& experiment, const std::function<Network&()>& built,
                    const std::filesystem::path& directory);

struct ConvertFilesOptions {
  std::string in, out, sort = "by_time", from;
  ConvertOptions convert;
};
int convert_files(const ConvertFilesOptions& options);

struct BenchOptions {
  std::string what, delivery = "auto", layout;
  std::vector<std::string> overrides, plugins;
  double discard = 100;  // ms
  unsigned repeat = 1;
  unsigned threads = 0;
  std::uint32_t lanes = 0, window = 0;
  bool share_rows = true, pin = false;
  bool json = false, stages = true, bound = true;
};
int bench(const BenchOptions& options);

}  // namespace rheo
