// rheo resume DIR: goes on with a run that was killed or stopped, from its newest whole checkpoint.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "apps/command/commands.hpp"
#include "apps/session/checkpoints.hpp"
#include "apps/session/run.hpp"
#include "apps/session/run_directory.hpp"
#include "io/checkpoint.hpp"
#include "io/file_lock.hpp"
#include "io/recording.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

struct ResumeOptions {
  std::string directory, experiment, every;
  unsigned threads = 0;
  bool quiet = false, profile = false, pin = false;
};

bool is_finished(const fs::path& directory) {
  std::ifstream stream(directory / report_file);
  const auto json = nlohmann::json::parse(stream, nullptr, false);
  return json.is_object() && json.value("status", nlohmann::json()) == "finished";
}

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
  refuse_recording(directory, "holds no checkpoint",
                   fmt::format("the directory of a run with --checkpoint-every, or of one that a signal ended (\"rheo "
                               "recover {}\" seals what another one recorded)",
                               directory.string()));
}

int resume(const ResumeOptions& asked) {
  const fs::path directory = asked.directory;
  if (!fs::is_directory(directory)) refuse_recording(directory, "there is no such directory");
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
  options.checkpoint_every = asked.every.empty() ? run.checkpoint_every : parse_wall_time(asked.every);
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
    refuse_recording(run.directory, fmt::format("the run began here, and it cannot be entered ({})", error.message()),
                     "--experiment FILE, where the experiment is now");
  return resume_experiment(options, checkpoint);
}

}  // namespace

void add_resume(CLI::App& app) {
  const auto options = std::make_shared<ResumeOptions>();
  CLI::App* command = app.add_subcommand("resume", "go on with a run that was killed or stopped, from its checkpoint");
  command->add_option("DIR", options->directory, "output directory of the run")->required()->type_name("");
  command->add_option("--experiment", options->experiment, "the experiment file, where it has moved")
      ->type_name("FILE");
  add_checkpoint_option(*command, options->every);
  command->add_option("--threads", options->threads, "threads (default: every usable processor)")
      ->check(CLI::Range(1u, 4096u).description(""))
      ->type_name("N");
  command->add_flag("--quiet", options->quiet, "no progress, no summary, no warnings");
  command->add_flag("--pin", options->pin, "keep each thread on one processor");
  command->add_flag("--profile", options->profile, "measure where the time goes");
  command->callback([options] {
    const int code = resume(*options);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace rheo
