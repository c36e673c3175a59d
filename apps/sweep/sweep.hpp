// rheo sweep: all points of a [sweep], each in a folder and a process of its own; here, or by a scheduler.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "apps/session/progress.hpp"
#include "apps/sweep/slurm.hpp"
#include "io/sweep/folder.hpp"

namespace rheo {

enum class SweepEngine { local, slurm, list };

struct SweepOptions {
  std::string file;
  std::vector<std::string> overrides, plugins;  // as of RunOptions
  std::filesystem::path out;                    // empty: <stem of the file>.sweep in the working directory
  unsigned jobs = 0;                            // points at a time; 0: as many as there are processors for
  unsigned threads = 1;                         // of each point
  std::optional<double> checkpoint_every;       // s of wall time, of each point
  std::string checkpoint_text;                  // the same as the user wrote it
  bool retry_failed = false;
  bool quiet = false;

  SweepEngine engine = SweepEngine::local;
  std::optional<std::uint64_t> points_per_task;  // of a scheduler
  slurm::ArrayOptions slurm;
  bool dry_run = false;
};

struct SweepWork {
  std::uint64_t point = 0, hash = 0;
};

// A sweep in its folder before a start.
struct SweepPlan {
  std::vector<std::uint64_t> hashes;  // of all points, each once: drawn points may be equal
  SweepHistory history;
  std::vector<SweepWork> left;  // neither finished nor, unless they are to run again, failed
  SweepProgress progress;
};
SweepPlan plan_sweep(const Sweep& sweep, const SweepFolder& folder, bool retry_failed);
// Throws what is wrong with the experiments of what is left, which costs seconds.
void check_points(const Sweep& sweep, const SweepPlan& plan);
// What starts rheo again, for tasks of schedulers: by default the program that runs.
void set_own_program(std::vector<std::string> words);
std::filesystem::path sweep_directory(const SweepOptions& options);

// Takes an engine by its name. given: options of schedulers that the user gave, as "--partition". Throws UserError
// where there is no such engine, or where it has no use for one of them.
void choose_engine(SweepOptions& options, const std::string& engine, const std::vector<std::string>& given);

// Runs what is left of a sweep by its engine. Returns the exit code. Throws UserError.
int start_sweep(const SweepOptions& options);
// Here. Returns the exit code: 0, exit_other_error where points failed, or exit_interrupted.
// Throws UserError.
int run_sweep(const SweepOptions& options);
// Gives what is left to Slurm, or prints a command for each task. Return the exit code. Throw UserError.
int submit_sweep(const SweepOptions& options);
int list_sweep(const SweepOptions& options);

// What Slurm has of a sweep.
struct SweepQueue {
  std::uint64_t tasks = 0;                   // that wait or run
  std::unordered_set<std::uint64_t> points;  // of these tasks
  bool is_known = true;                      // else there are submissions, and Slurm does not answer
};
SweepQueue queue_of(const SweepFolder& folder);
// history() of the folder, which asks Slurm about jobs on other hosts.
SweepHistory history_of(const SweepFolder& folder, const std::vector<std::uint64_t>& hashes);

// The lines of a file of tasks: the points of each. Throws RecordingError.
std::vector<std::vector<std::string>> read_tasks(const std::filesystem::path& file);

// A line of each failed point, at most so many: its folder, what it sets, and its error.
std::string failed_text(const SweepFolder& folder, const SweepManifest& manifest, const std::vector<SweepPoint>& points,
                        const SweepHistory& history, std::size_t most);

// rheo sweep run-points: some points of a sweep that is laid out, beside others that do so. What tasks of a scheduler
// run.
struct SweepPointsOptions {
  std::filesystem::path directory, tasks;
  std::string points;
  std::optional<std::uint64_t> task;
  bool requeue = false;
  SweepOptions sweep;
};
// Returns the exit code, as run_sweep() does. Throws UserError.
int run_sweep_points(const SweepPointsOptions& options);

// How far a sweep is, for a program: numbers of points by state, who is at work, and what failed.
nlohmann::ordered_json sweep_status(const SweepFolder& folder);
struct SweepStatusOptions {
  std::string directory;
  bool watch = false, json = false;
};
// Prints how far a sweep is. Returns the exit code. Throws UserError.
int show_sweep_status(const SweepStatusOptions& options);

// A column of the table of all points: texts, whole numbers, or numbers with NaN where there is none.
struct SweepColumn {
  std::string group, name;  // in sweep.h5; the name is the header in sweep.csv
  std::variant<std::vector<std::string>, std::vector<std::int64_t>, std::vector<double>> rows;
};
std::vector<SweepColumn> sweep_table(const SweepFolder& folder);
// Writes sweep.csv and sweep.h5, this table. Returns the exit code. Throws UserError.
int collect_sweep(const std::string& directory);

}  // namespace rheo
