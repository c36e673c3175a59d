#include "apps/session/run_directory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

#include "core/diagnostics.hpp"
#include "io/files/recording.hpp"
#include "io/record/checkpoint.hpp"
#include "io/record/state_recorder.hpp"
#include "io/record/weight_recorder.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace fs = std::filesystem;

fs::path output_directory(const RunOptions& options, const Experiment& experiment) {
  if (!options.out.empty()) return options.out;
  if (!experiment.output_directory.empty()) return experiment.output_directory;
  const fs::path stem = fs::path(options.file).stem();
  return fs::path(stem.empty() ? fs::path("rheo") : stem).concat(".out");
}

std::vector<std::string> recorded_files(const Experiment& experiment) {
  std::vector<std::string> files;
  if (experiment.record.present) files.emplace_back(spike_file);
  for (const RecordStates& report : experiment.reports)
    files.insert(files.end(), report.files.begin(), report.files.end());
  for (const RecordWeights& weights : experiment.weights) files.push_back(weights.file);
  if (!experiment.tasks.entries.empty()) files.emplace_back(task_file);
  return files;
}

namespace {

// The run that wrote run.json, in its own words.
struct EarlierRun {
  bool is_there = false;
  std::string experiment, status, identity;
  std::vector<std::string> files;

  bool is_finished() const { return status == "finished"; }
};

[[noreturn]] void reject_foreign(const fs::path& file) {
  reject_recording(file, "lies in the output directory and was not written by rheo run",
                   "another directory with --out");
}

EarlierRun earlier_run(const fs::path& directory) {
  std::error_code error;
  const fs::path file = directory / report_file;
  EarlierRun run;
  if (!fs::exists(fs::symlink_status(file, error))) return run;
  if (!fs::is_regular_file(file, error)) reject_foreign(file);
  std::ifstream stream(file);
  const auto json = Json::parse(stream, nullptr, false);
  if (!json.is_object() || !json.contains("rheobase") || !json.contains("status")) reject_foreign(file);
  const auto text = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  run.is_there = true;
  run.experiment = text("experiment");
  run.status = text("status");
  run.identity = text("identity");
  run.files.emplace_back(spike_file);
  if (const auto listed = json.find("files"); listed != json.end() && listed->is_array())
    for (const auto& one : *listed)
      if (one.is_string()) run.files.push_back(one.get<std::string>());
  return run;
}

bool is_readable_checkpoint(const fs::path& file) {
  try {
    checkpoint_tick(file);
    return true;
  } catch (const RecordingError&) {
    return false;
  }
}

// The experiment may read what an earlier run recorded, and even a checkpoint of it, but not from where this run
// writes.
void reject_own_input(const fs::path& directory, const RunClaim& claim, const Experiment& experiment) {
  std::vector<std::string> written = claim.files;
  written.insert(written.end(), claim.kept_checkpoints.begin(), claim.kept_checkpoints.end());
  written.insert(written.end(), {report_file, checkpoint_file, previous_checkpoint_file});
  std::error_code error;
  for (const std::string& read : experiment.files)
    for (const std::string& name : written)
      if (fs::equivalent(read, directory / name, error))
        reject_recording(directory / name, "is read by this experiment, and the run would replace it",
                         "another directory with --out");
}

}  // namespace

void make_output_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    reject_recording(directory, fmt::format("cannot be made ({})", error.message()), "another directory with --out");
  if (::access(directory.c_str(), W_OK | X_OK) != 0)
    reject_recording(directory, "cannot be written to", "another directory with --out");
}

void reject_other_use(const fs::path& directory, DirectoryUse ours) {
  const std::pair<const char*, const char*> uses[] = {
      {"sweep.json", "a sweep"},
      {ours == DirectoryUse::run ? "results.json" : report_file,
       ours == DirectoryUse::run ? "the results of a task" : "the results of rheo run"}};
  std::error_code error;
  for (const auto& [file, what] : uses)
    if (fs::exists(directory / file, error))
      reject_recording(directory, fmt::format("holds {} ({})", what, file), "another directory with --out");
}

bool is_finished(const fs::path& directory) {
  std::ifstream stream(directory / report_file);
  const auto json = Json::parse(stream, nullptr, false);
  return json.is_object() && json.value("status", Json()) == "finished";
}

std::vector<std::string> claim_directory(const fs::path& directory, const RunClaim& claim,
                                         const Experiment& experiment) {
  std::error_code error;
  reject_other_use(directory, DirectoryUse::run);
  const EarlierRun earlier = earlier_run(directory);
  reject_own_input(directory, claim, experiment);
  const std::vector<fs::path> checkpoints = find_checkpoints(directory);
  if (!earlier.is_there) {
    for (const std::string& file : claim.files)
      if (fs::exists(directory / file, error)) reject_foreign(directory / file);
    for (const fs::path& file : checkpoints)
      if (!is_readable_checkpoint(file)) reject_foreign(file);
  }
  if (claim.overwrite) return earlier.files;

  const std::string dir = directory.string();
  const bool is_resumable = !earlier.is_finished() && !checkpoints.empty();
  if (is_resumable)
    reject_recording(directory, "holds a run that is not finished and can be resumed",
                     fmt::format("\"rheo resume {}\" to go on with it, another directory with --out, or --overwrite "
                                 "to replace it",
                                 dir));
  for (const std::string& file : claim.files)
    if (fs::exists(part_of(directory / file), error))
      reject_recording(part_of(directory / file),
                       "was left behind by a run that was killed before its first checkpoint",
                       fmt::format("\"rheo recover {}\" to keep what it recorded, another directory with --out, or "
                                   "--overwrite to replace it",
                                   dir));
  if (!earlier.is_there) return {};
  if (!claim.identity || earlier.identity != fmt::format("{:016x}", *claim.identity))
    reject_recording(directory,
                     fmt::format("holds the result of {} with other settings",
                                 earlier.experiment.empty() ? "an experiment" : earlier.experiment),
                     "another directory with --out, or --overwrite to replace it");
  for (const fs::path& file : checkpoints) {
    const std::string name = file.filename().string();
    const bool is_own = name == checkpoint_file || name == previous_checkpoint_file;
    const bool again =
        std::find(claim.kept_checkpoints.begin(), claim.kept_checkpoints.end(), name) != claim.kept_checkpoints.end();
    if (!is_own && !again && is_readable_checkpoint(file))
      reject_recording(file, "was kept by an earlier run, and this run would remove it",
                       "--checkpoint-at with its time, another directory with --out, or --overwrite to replace it");
  }
  return earlier.files;
}

void remove_checkpoints(const fs::path& directory, const fs::path& kept) {
  std::error_code ignored;
  for (const fs::path& checkpoint : find_checkpoints(directory)) {
    const bool is_kept = !kept.empty() && fs::equivalent(checkpoint, kept, ignored);
    if (!is_kept && is_readable_checkpoint(checkpoint)) fs::remove(checkpoint, ignored);
  }
  remove_leftovers(directory);
}

void remove_earlier(const fs::path& directory, const std::vector<std::string>& earlier,
                    const std::vector<std::string>& files) {
  const auto is_ours = [&](const std::string& file) {
    return std::find(files.begin(), files.end(), file) != files.end();
  };
  std::error_code ignored;
  for (const std::string& file : earlier) {
    // Only plain names: its run.json might say anything.
    const bool is_plain = fs::path(file).filename() == file && fs::path(file).extension() == ".h5";
    if (is_plain && !is_ours(file)) fs::remove(directory / file, ignored);
  }
  for (const fs::path& sealed : unfinished_recordings(directory))
    if (!is_ours(sealed.filename().string())) fs::remove(part_of(sealed), ignored);
}

void remove_leftovers(const fs::path& directory) {
  std::error_code ignored;
  // The checkpoint goes last: where it is, there may be more to remove.
  for (const char* name : {previous_checkpoint_file, checkpoint_file}) {
    fs::remove(directory / (std::string(name) + ".tmp"), ignored);
    fs::remove(directory / name, ignored);
  }
}

}  // namespace rheo
