// rheo recover DIR: seals what a killed run had flushed, spikes, reports and snapshots of weights.
#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <vector>

#include "apps/command/commands.hpp"
#include "apps/session/exit_codes.hpp"
#include "apps/session/print.hpp"
#include "apps/session/summary.hpp"
#include "io/files/file_lock.hpp"
#include "io/files/provenance.hpp"
#include "io/files/recording.hpp"
#include "io/record/spike_recorder.hpp"
#include "io/record/state_recorder.hpp"
#include "io/record/weight_recorder.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

std::string spikes_text(const SpikeFileSummary& summary) {
  std::string text = fmt::format("{}: sealed, spikes up to {:.6g} ms\n", summary.file.string(), summary.last);
  for (const SpikeFileSummary::Population& population : summary.populations) {
    text += fmt::format("  {:<16} {:>13} spikes\n", population.name, grouped(population.spikes));
  }
  if (summary.incomplete > 0) text += fmt::format("  {} cut short at the end, left out\n", grouped(summary.incomplete));
  return text;
}

// Says what a file that is damaged has lost. Returns whether there was anything.
bool tell_losses(const fs::path& sealed, const std::vector<Loss>& lost, const char* rows) {
  for (const Loss& loss : lost) {
    const std::string line = fmt::format("rheo: {}: {}: {}; {}\n", part_of(sealed).string(), loss.dataset, loss.problem,
                                         loss.rows ? fmt::format("{} {} lost", grouped(*loss.rows), rows)
                                                   : fmt::format("{} lost, and the file does not say how many", rows));
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  if (lost.empty()) return false;
  const std::string line = fmt::format("rheo: {}: is damaged: what is whole is sealed, and the file is kept as {}\n",
                                       part_of(sealed).string(), damaged_of(sealed).filename().string());
  std::fwrite(line.data(), 1, line.size(), stderr);
  return true;
}

// Seals one file; returns whether it was damaged.
bool recover_one(const fs::path& sealed) {
  enum class Held { spikes, report, snapshots };
  const auto held = recording_step(part_of(sealed), [&] {
    const h5::File file = h5::File::open(part_of(sealed).string(), h5::File::Access::sealed_or_left);
    return file.has_group("report") ? Held::report : file.has_group("weights") ? Held::snapshots : Held::spikes;
  });
  if (held == Held::spikes) {
    const SpikeFileSummary summary = recover_spikes(sealed.parent_path());
    print(spikes_text(summary));
    return tell_losses(sealed, summary.lost, "spikes");
  }
  if (held == Held::report) {
    const ReportSummary summary = recover_report(sealed);
    print(fmt::format("{}: sealed, {} rows from {:.6g} to {:.6g} ms\n", summary.file.string(), grouped(summary.rows),
                      summary.begin, summary.end));
    return tell_losses(sealed, summary.lost, "rows");
  }
  const SnapshotSummary summary = recover_snapshots(sealed);
  print(fmt::format("{}: sealed, {} snapshots from {:.6g} to {:.6g} ms\n", summary.file.string(),
                    grouped(summary.snapshots), summary.first, summary.last));
  return tell_losses(sealed, summary.lost, "snapshots");
}

}  // namespace

// A file of which nothing can be saved does not keep the others from being sealed.
int recover_run(const std::string& directory) {
  std::optional<FileLock> lock;
  if (fs::is_directory(directory)) lock.emplace(lock_directory(directory));
  const std::vector<fs::path> left = unfinished_recordings(directory);
  if (left.empty()) recover_spikes(directory);  // says that there is nothing to recover
  bool damaged = false;
  std::vector<std::string> done;
  for (const fs::path& sealed : left) {
    try {
      damaged = recover_one(sealed) || damaged;
      done.push_back(sealed.filename().string());
    } catch (const RecordingError& error) {
      if (left.size() == 1) throw;
      const std::string line = fmt::format("rheo: {}\n", error.what());
      std::fwrite(line.data(), 1, line.size(), stderr);
      damaged = true;
    }
  }
  if (!done.empty()) note_sealed(directory, done);
  return damaged ? exit_user_error : 0;
}

}  // namespace rheo
