// rheo recover DIR: seals what a killed run had flushed.
#include <fmt/format.h>

#include <memory>

#include "apps/commands.hpp"
#include "apps/run.hpp"
#include "io/spike_recorder.hpp"

namespace rheo {

namespace {

void recover(const std::string& directory) {
  const SpikeFileSummary summary = recover_spikes(directory);
  std::string text = fmt::format("{}: sealed, spikes up to {:.6g} ms\n", summary.file.string(), summary.last);
  for (const SpikeFileSummary::Population& population : summary.populations) {
    text += fmt::format("  {:<16} {:>13} spikes\n", population.name, grouped(population.spikes));
  }
  if (summary.incomplete > 0) text += fmt::format("  {} cut short at the end, left out\n", grouped(summary.incomplete));
  print(text);
}

}  // namespace

void add_recover(CLI::App& app) {
  const auto directory = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("recover", "seal the spikes that a killed run left behind");
  command->add_option("DIR", *directory, "output directory of the run")->required()->type_name("");
  command->callback([directory] { recover(*directory); });
}

}  // namespace rheo
