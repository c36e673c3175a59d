// rheo sweep run-points: some points of a sweep that is laid out. What tasks of a scheduler run.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "apps/session/print.hpp"
#include "apps/session/signals.hpp"
#include "apps/sweep/choice.hpp"
#include "apps/sweep/slurm.hpp"
#include "apps/sweep/sweep.hpp"
#include "apps/sweep/workers.hpp"
#include "core/diagnostics.hpp"
#include "core/parallel.hpp"
#include "io/files/recording.hpp"
#include "io/sweep/claims.hpp"
#include "io/text/numbers.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void reject_points(const std::string& option, const std::string& value, const std::string& problem,
                                const std::string& expected) {
  throw UserError({.key = option, .value = value, .problem = problem, .expected = expected});
}

// "0-9,12,abcdef0123456789": numbers of points in the order of the design, and names of their folders. What is no
// longer a point of the sweep is named in `gone`.
std::vector<SweepWork> chosen_points(const Sweep& sweep, const std::vector<std::string>& words,
                                     std::vector<std::string>& gone) {
  std::vector<SweepWork> chosen;
  std::unordered_set<std::uint64_t> seen;
  const auto add = [&](std::uint64_t point, std::uint64_t hash) {
    if (seen.insert(hash).second) chosen.push_back({point, hash});
  };
  std::unordered_map<std::uint64_t, std::uint64_t> numbers;  // of names
  for (const std::string& word : words) {
    if (word.size() == 16) {
      const auto hash = parse_number<std::uint64_t>(word, 16);
      if (!hash) reject_points("--points", word, "is no name of a point", "16 hexadecimal digits");
      if (numbers.empty())
        for (std::uint64_t point = 0; point < sweep.size(); ++point) numbers.emplace(sweep.hash(point), point);
      const auto found = numbers.find(*hash);
      if (found == numbers.end())
        gone.push_back(word);
      else
        add(found->second, *hash);
      continue;
    }
    const std::size_t dash = word.find('-');
    const auto first = parse_number<std::uint64_t>(std::string_view(word).substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : parse_number<std::uint64_t>(std::string_view(word).substr(dash + 1));
    const std::string expected =
        fmt::format("numbers and ranges from 0 to {}, and names of folders, as 0-9,12", sweep.size() - 1);
    if (!first || !last || *first > *last) reject_points("--points", word, "is neither point nor range", expected);
    if (*last >= sweep.size())
      reject_points("--points", word, fmt::format("is out of range: there are {} points", sweep.size()), expected);
    for (std::uint64_t point = *first; point <= *last; ++point) add(point, sweep.hash(point));
  }
  return chosen;
}

std::vector<std::string> words_of(const SweepPointsOptions& options) {
  if (options.tasks.empty()) {
    std::vector<std::string> words(1);
    for (const char c : options.points)
      if (c == ',')
        words.emplace_back();
      else
        words.back() += c;
    return words;
  }
  const auto tasks = read_tasks(options.tasks);
  if (*options.task >= tasks.size())
    reject_points("--task", fmt::format("{}", *options.task),
                  fmt::format("{} has {} tasks", options.tasks.string(), tasks.size()), "a number of one, from 0");
  return tasks[*options.task];
}

struct PointsOutcome {
  int code = 0;
  bool stopped = false;  // rather than left to others
};

PointsOutcome run_points(SweepPointsOptions options) {
  const StopSignals signals;
  options.directory = fs::absolute(options.directory);
  if (!options.tasks.empty()) options.tasks = fs::absolute(options.tasks);
  const SweepFolder folder(options.directory);
  const SweepManifest manifest = folder.manifest();
  // Files are named as seen from where the sweep was started.
  std::error_code error;
  if (!manifest.directory.empty()) fs::current_path(manifest.directory, error);
  if (error)
    reject_recording(folder.path() / "sweep.json",
                     fmt::format("directory = {}: cannot be entered ({})", manifest.directory, error.message()),
                     "the same path on all hosts that work on a sweep");
  SweepOptions& run = options.sweep;
  const Sweep sweep = open_sweep(manifest.file, manifest.overrides, manifest.plugins);
  const Stamps stamps(sweep.files());
  std::vector<std::string> gone;
  std::vector<SweepWork> left = chosen_points(sweep, words_of(options), gone);
  if (!gone.empty()) {
    const std::string problem = fmt::format("{} of the points given are none of {} as it is now, the first is {}",
                                            gone.size(), manifest.file, gone[0]);
    if (left.empty()) reject_recording(folder.path(), problem, "rheo sweep once more, if the file was changed");
    fmt::print(stderr, "warning: {}: {}\n", folder.path().string(), problem);
  }
  const unsigned jobs = run.jobs > 0 ? run.jobs : std::max(1u, usable_processors() / run.threads);

  // A task that is started again by its scheduler has the journal of its earlier start, and an identity that tells that
  // what that one claimed is its own.
  const std::string own = slurm::own_job();
  const std::string job = options.task && own.ends_with(fmt::format("_{}", *options.task)) ? own : "";
  const std::string share = job.empty() ? own_share() : "slurm-" + job;
  const double first_began = folder.first_began(share).value_or(seconds_since_1970());
  const SweepSession session = own_session(share, job, jobs);
  SweepJournal journal(folder, session);
  SweepClaims claims(folder, session);
  SweepProgress progress;
  progress.total = left.size();
  const SweepWorker worker{sweep, stamps, folder, run, jobs, first_began};
  const SweepOutcome ended = worker.run(left, progress, signals, journal, claims);
  if (!run.quiet) print(summary_text(folder, progress, ended));
  return {ended.code(progress), ended.stopped};
}

}  // namespace

int run_sweep_points(const SweepPointsOptions& options) {
  const PointsOutcome outcome = run_points(options);
  if (outcome.stopped && options.requeue)
    if (const std::string problem = slurm::requeue_own_job(); !problem.empty())
      fmt::print(stderr, "warning: the job is not run again: {}\n", problem);
  return outcome.code;
}

}  // namespace rheo
