#include "apps/session/resume.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "apps/session/print.hpp"
#include "apps/session/run.hpp"
#include "apps/session/run_directory.hpp"
#include "io/files/file_lock.hpp"
#include "io/files/recording.hpp"
#include "io/record/checkpoint.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

// The newest that is whole, and where it is.
std::pair<fs::path, Checkpoint> newest_checkpoint(const fs::path& directory) {
  std::optional<RecordingError> first;
  for (const fs::path& file : find_checkpoints(directory)) {
    try {
      return {file, read_checkpoint(file)};
    } catch (const RecordingError& error) {
      if (!first) first = error;
      const std::string line = fmt::format("rheo: warning: {}\n", error.what());
      std::fwrite(line.data(), 1, line.size(), stderr);
    }
  }
  if (first) throw *first;
  reject_recording(directory, "holds no checkpoint",
                   fmt::format("the directory of a run with --checkpoint-every, or of one that a signal ended (\"rheo "
                               "recover {}\" seals what another one recorded)",
                               directory.string()));
}

}  // namespace

int resume_run(const ResumeOptions& asked) {
  const fs::path directory = asked.directory;
  if (!fs::is_directory(directory)) reject_recording(directory, "there is no such directory");
  const FileLock lock = lock_directory(fs::absolute(directory));
  if (is_finished(directory)) {
    remove_leftovers(directory);
    print(fmt::format("{}: nothing to resume, the run is finished\n", directory.string()));
    return 0;
  }
  auto [file, checkpoint] = newest_checkpoint(directory);
  const RunRecord& run = checkpoint.run;
  RunOptions options;
  options.file = run.file;
  options.overrides = run.overrides;
  options.plugins = run.plugins;
  options.seed = run.seed;
  options.lanes = run.lanes;
  options.checkpoint_at = run.checkpoint_at;
  options.checkpoint_every = asked.checkpoint_every ? asked.checkpoint_every : run.checkpoint_every;
  options.threads = asked.threads;
  options.quiet = asked.quiet;
  options.profile = asked.profile;
  options.pin = asked.pin;
  options.out = fs::absolute(directory);
  options.checkpoint = fs::absolute(file);
  // Names in the experiment and its overrides mean what they meant.
  std::error_code error;
  if (!asked.experiment.empty())
    options.file = fs::absolute(asked.experiment).string();
  else if (fs::current_path(run.directory, error); error)
    reject_recording(run.directory, fmt::format("the run began here, and it cannot be entered ({})", error.message()),
                     "--experiment FILE, where the experiment is now");
  return resume_experiment(options, checkpoint);
}

}  // namespace rheo
