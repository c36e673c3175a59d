// rheo export: an experiment's network as SONATA, or recorded spikes as text, for NumPy or as NWB.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "apps/command/commands.hpp"
#include "apps/session/run.hpp"
#include "apps/session/summary.hpp"
#include "io/experiment_network.hpp"
#include "io/network_writer.hpp"
#include "io/npz.hpp"
#include "io/nwb.hpp"
#include "io/spike_text.hpp"
#include "networks/network.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  std::string network;  // experiment file or SONATA config
  std::string spikes;   // output directory of a run, or a file with spikes
  std::string format;
  std::string out;
  std::string start;  // of an NWB session
  std::vector<std::string> overrides;
};

[[noreturn]] void refuse(const std::string& file, std::string problem, std::string expected = {}) {
  throw UserError({.file = file,
                   .key = {},
                   .value = {},
                   .problem = std::move(problem),
                   .expected = std::move(expected),
                   .suggestion = {}});
}

// All or nothing: written beside its place, then renamed.
void export_network(const ExportOptions& options) {
  if (options.out.empty()) refuse("--out", "is missing", "a directory that is not there yet");
  Experiment experiment = open_experiment(options.network, options.overrides);
  check_network(experiment);
  for (const ProjectionSpec& projection : experiment.network.projections)
    if (!projection.plasticity.rule.empty())
      throw ExperimentError(locate({.file = {},
                                    .key = "projections." + projection.name + ".plasticity",
                                    .value = '"' + projection.plasticity.rule + '"',
                                    .problem = "SONATA files have no place for rules",
                                    .expected = "a network without plasticity",
                                    .suggestion = {}},
                                   experiment));
  if (!experiment.initial_state.empty())
    throw ExperimentError(locate({.file = {},
                                  .key = "simulation.initial_state",
                                  .value = experiment.initial_state,
                                  .problem = "SONATA files have no place for spikes in flight",
                                  .expected = "a network as it is built",
                                  .suggestion = {}},
                                 experiment));
  fs::path out = fs::path(options.out).lexically_normal();
  if (!out.has_filename()) out = out.parent_path();
  const fs::path draft = fs::path(out).concat(".part");
  std::error_code error;
  for (const fs::path& path : {out, draft}) {
    const bool free = !fs::exists(path, error) || (fs::is_directory(path, error) && fs::is_empty(path, error));
    if (!free) refuse(path.string(), "is there already", "another directory with --out, or none there");
  }
  if (out.has_parent_path()) fs::create_directories(out.parent_path(), error);
  if (!error) fs::create_directory(draft, error);
  if (error)
    refuse(draft.string(), fmt::format("cannot be made ({})", error.message()), "another directory with --out");
  try {
    Network network = build_network(experiment, Threads());
    write_network(draft, experiment, network);
    fs::remove(out, error);
    fs::rename(draft, out);
    std::string text =
        fmt::format("{}: {} populations, {} synapses; rheo run {}\n", out.string(),
                    experiment.network.populations.size(), grouped(network.synapses()), (out / "config.json").string());
    for (const std::string& warning : experiment.warnings) text += fmt::format("  warning: {}\n", warning);
    print(text);
  } catch (...) {
    fs::remove_all(draft, error);
    throw;
  }
}

void export_spikes(const ExportOptions& options) {
  fs::path file = options.spikes;
  std::error_code error;
  if (fs::is_directory(file, error)) file /= "spikes.h5";
  if (!options.start.empty() && options.format != "nwb") refuse("--start", "is for nwb", "--format nwb");
  if (fs::equivalent(file, options.out, error))
    refuse(options.out, "is the file that is exported", "another name with --out");
  const bool binary = options.format == "npz" || options.format == "nwb";
  if (binary && options.out == "-") refuse("--out", "cannot be stdout for " + options.format, "the name of a file");
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

void add_export(CLI::App& app) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "write a network as SONATA, or recorded spikes as text, npz or NWB");
  CLI::Option* network =
      command->add_option("--network", options->network, "experiment file or SONATA config")->type_name("FILE");
  CLI::Option* spikes = command->add_option("SPIKES", options->spikes, "output directory of a run, or a spike file")
                            ->type_name("")
                            ->excludes(network);
  command
      ->add_option("--format", options->format,
                   "of spikes: gdf (id, time), csv (as bmtk writes it), npz (NumPy) or nwb")
      ->check(CLI::IsMember({"gdf", "csv", "npz", "nwb"}))
      ->type_name("FORMAT")
      ->needs(spikes);
  command->add_option("--out", options->out, "directory of a network, file of spikes (- for stdout)")
      ->type_name("PATH");
  command->add_option("--start", options->start, "of nwb: when the session began, in place of that of run.json")
      ->type_name("DATE")
      ->needs(spikes);
  command->add_option("--set", options->overrides, "change one setting of the network; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->callback([options] {
    if (!options->network.empty()) return export_network(*options);
    if (options->spikes.empty() || options->format.empty())
      refuse("rheo export", "nothing to export",
             "--network FILE --out DIR, or --format gdf|csv|npz|nwb with the output directory of a run");
    export_spikes(*options);
  });
}

}  // namespace rheo
