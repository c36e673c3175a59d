// rheo export: an experiment's network as SONATA, or recorded spikes as text, for NumPy or as NWB.
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>

#include "apps/command/commands.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/print.hpp"
#include "apps/session/summary.hpp"
#include "io/experiment/network.hpp"
#include "io/sonata/network_writer.hpp"
#include "io/spikes/npz.hpp"
#include "io/spikes/nwb.hpp"
#include "io/spikes/text.hpp"
#include "networks/network.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void reject_export(const std::string& file, std::string problem, std::string expected = {}) {
  throw UserError({.file = file, .problem = std::move(problem), .expected = std::move(expected)});
}

void export_spikes(const ExportOptions& options) {
  fs::path file = options.spikes;
  std::error_code error;
  if (fs::is_directory(file, error)) file /= "spikes.h5";
  if (!options.start.empty() && options.format != "nwb") reject_export("--start", "is for nwb", "--format nwb");
  if (fs::equivalent(file, options.out, error))
    reject_export(options.out, "is the file that is exported", "another name with --out");
  const bool binary = options.format == "npz" || options.format == "nwb";
  if (binary && options.out == "-")
    reject_export("--out", "cannot be stdout for " + options.format, "the name of a file");
  if (options.format == "npz") {
    const fs::path out = options.out.empty() ? fs::path(file).replace_extension("npz") : fs::path(options.out);
    const std::uint64_t spikes = write_npz(file, out);
    return print(fmt::format("{}: {} spikes\n", out.string(), grouped(spikes)));
  }
  if (options.format == "nwb") {
    const fs::path out = options.out.empty() ? fs::path(file).replace_extension("nwb") : fs::path(options.out);
    const NwbSummary summary = write_nwb(file, out, {options.start});
    return print(fmt::format("{}: {} units, {} spikes\n{}", out.string(), grouped(summary.units),
                             grouped(summary.spikes),
                             summary.with_silent ? ""
                                                 : "  only neurons with spikes are units: the file may lack spikes of "
                                                   "others, so that nobody knows which were silent\n"));
  }
  const SpikeText format = options.format == "gdf" ? SpikeText::gdf : SpikeText::csv;
  fs::path out = options.out;
  if (out.empty()) out = fs::path(file).replace_extension(options.format);
  const SpikeTextSummary summary = write_spike_text(file, format, out);
  if (out == "-") return;
  std::string text;
  for (const fs::path& written : summary.files) text += (text.empty() ? "" : ", ") + written.string();
  print(fmt::format("{}: {} spikes\n", text, grouped(summary.spikes)));
}

}  // namespace

// All or nothing: written beside its place, then renamed.
void export_network(const Experiment& experiment, const std::function<Network&()>& built, const fs::path& directory) {
  const auto reject = [&](const std::string& key, std::string value, std::string problem, std::string expected) {
    throw ExperimentError(
        locate({.key = key, .value = std::move(value), .problem = std::move(problem), .expected = std::move(expected)},
               experiment));
  };
  for (const ProjectionSpec& projection : experiment.network.projections) {
    if (projection.is_graded())
      reject("projections." + projection.name + ".transmits", '"' + projection.transmits + '"',
             "SONATA files know spikes alone", "a network whose projections transmit spikes");
    if (!projection.plasticity.rule.empty())
      reject("projections." + projection.name + ".plasticity", '"' + projection.plasticity.rule + '"',
             "SONATA files have no place for rules", "a network without plasticity");
  }
  if (!experiment.initial_state.empty())
    reject("simulation.initial_state", experiment.initial_state, "SONATA files have no place for spikes in flight",
           "a network as it is built");
  if (!experiment.changes.empty() || !experiment.stops.empty())
    reject(experiment.changes.empty() ? "stop" : "changes", {},
           "SONATA files have no place for what happens while a network runs", "a network without it");
  fs::path out = directory.lexically_normal();
  if (!out.has_filename()) out = out.parent_path();
  const fs::path draft = fs::path(out).concat(".part");
  std::error_code error;
  for (const fs::path& path : {out, draft}) {
    const bool free = !fs::exists(path, error) || (fs::is_directory(path, error) && fs::is_empty(path, error));
    if (!free) reject_export(path.string(), "is there already", "another directory, or none there");
  }
  if (out.has_parent_path()) fs::create_directories(out.parent_path(), error);
  if (!error) fs::create_directory(draft, error);
  if (error) reject_export(draft.string(), fmt::format("cannot be made ({})", error.message()), "another directory");
  try {
    write_network(draft, experiment, built());
    fs::remove(out, error);
    fs::rename(draft, out);
  } catch (...) {
    fs::remove_all(draft, error);
    throw;
  }
}

int export_files(const ExportOptions& options) {
  if (options.network.empty() && (options.spikes.empty() || options.format.empty()))
    reject_export("rheo export", "nothing to export",
                  "--network FILE --out DIR, or --format gdf|csv|npz|nwb with the output directory of a run");
  if (options.network.empty()) {
    export_spikes(options);
    return 0;
  }
  if (options.out.empty()) reject_export("--out", "is missing", "a directory that is not there yet");
  const Experiment experiment = open_experiment(options.network, options.overrides);
  std::optional<Network> network;
  const auto built = [&]() -> Network& { return network.emplace(build_network(experiment, Threads())); };
  export_network(experiment, built, options.out);
  const fs::path out = fs::path(options.out).lexically_normal();
  std::string text =
      fmt::format("{}: {} populations, {} synapses; rheo run {}\n", options.out, experiment.network.populations.size(),
                  grouped(network->synapses()), (out / "config.json").string());
  for (const std::string& warning : experiment.warnings) text += fmt::format("  warning: {}\n", warning);
  print(text);
  return 0;
}

}  // namespace rheo
