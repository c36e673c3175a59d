// rheo recover DIR: seals what a killed run had flushed, spikes, reports and snapshots of weights.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "apps/commands.hpp"
#include "apps/run.hpp"
#include "apps/summary.hpp"
#include "io/file_lock.hpp"
#include "io/spike_recorder.hpp"
#include "io/state_recorder.hpp"
#include "io/weight_recorder.hpp"

namespace rheo {

namespace {

std::string spikes_text(const SpikeFileSummary& summary) {
  std::string text = fmt::format("{}: sealed, spikes up to {:.6g} ms\n", summary.file.string(), summary.last);
  for (const SpikeFileSummary::Population& population : summary.populations) {
    text += fmt::format("  {:<16} {:>13} spikes\n", population.name, grouped(population.spikes));
  }
  if (summary.incomplete > 0) text += fmt::format("  {} cut short at the end, left out\n", grouped(summary.incomplete));
  return text;
}

void recover(const std::string& directory) {
  std::optional<FileLock> lock;
  if (std::filesystem::is_directory(directory)) lock.emplace(lock_directory(directory));
  const std::vector<std::filesystem::path> reports = unfinished_reports(directory),
                                           snapshots = unfinished_snapshots(directory);
  // Without anything to recover, the spikes' message says so.
  const bool spikes = (reports.empty() && snapshots.empty()) ||
                      std::filesystem::exists(std::filesystem::path(directory) / "spikes.h5.part");
  if (spikes) print(spikes_text(recover_spikes(directory)));
  for (const std::filesystem::path& report : reports) {
    const ReportSummary summary = recover_report(report);
    print(fmt::format("{}: sealed, {} rows from {:.6g} to {:.6g} ms\n", summary.file.string(), grouped(summary.rows),
                      summary.begin, summary.end));
  }
  for (const std::filesystem::path& file : snapshots) {
    const SnapshotSummary summary = recover_snapshots(file);
    print(fmt::format("{}: sealed, {} snapshots from {:.6g} to {:.6g} ms\n", summary.file.string(),
                      grouped(summary.snapshots), summary.first, summary.last));
  }
}

}  // namespace

void add_recover(CLI::App& app) {
  const auto directory = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("recover", "seal the spikes, reports and weights that a killed run left behind");
  command->add_option("DIR", *directory, "output directory of the run")->required()->type_name("");
  command->callback([directory] { recover(*directory); });
}

}  // namespace rheo
