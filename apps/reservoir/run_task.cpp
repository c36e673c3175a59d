#include "apps/reservoir/run_task.hpp"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <numeric>

#include "apps/reservoir/kept_trials.hpp"
#include "apps/reservoir/results.hpp"
#include "apps/reservoir/task.hpp"
#include "apps/reservoir/trial.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/print.hpp"
#include "apps/session/progress.hpp"
#include "apps/session/run_directory.hpp"
#include "core/parallel.hpp"
#include "core/version.hpp"
#include "io/files/file_lock.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

// Trials side by side, each on one thread: its result does not depend on the others.
std::vector<Trial> run_trials(const std::vector<std::pair<const LearningExperiment*, std::uint64_t>>& all,
                              const Threads& threads, const KeptTrials& kept, Progress& progress, const char* what,
                              bool may_fail) {
  std::vector<Trial> trials(all.size());
  std::mutex showing;
  std::size_t done = 0;
  progress.stage(fmt::format("{}: 0 of {} trials", what, all.size()));
  threads.for_each(all.size(), [&](std::size_t i) {
    const auto [work, seed] = all[i];
    if (auto known = kept.find(work->identity, seed)) {
      trials[i] = *std::move(known);
    } else {
      try {
        trials[i] = run_trial(*work, seed);
      } catch (const NumericalError& error) {
        // Of a point of a search that is no good: it has no error that could be small.
        if (!may_fail) {
          Complaint complaint = error.complaint();
          complaint.problem = fmt::format("seed {}: {}", seed, complaint.problem);
          throw NumericalError(std::move(complaint));
        }
        trials[i].remarks.push_back(error.what());
      }
      kept.keep(work->identity, seed, trials[i]);
    }
    const std::lock_guard lock(showing);
    progress.stage(fmt::format("{}: {} of {} trials", what, ++done, all.size()));
  });
  return trials;
}

double score_of(const Trial& trial) {
  for (const auto& [name, value] : trial.scores)
    if (name == search_score) return value;
  return std::numeric_limits<double>::quiet_NaN();
}

// Runs every point on the seeds of the search; the first of the smallest means is taken.
void run_search(const std::vector<SearchTask>& points, const Search& search, const Threads& threads,
                const KeptTrials& kept, Progress& progress, Results& results) {
  std::vector<std::pair<const LearningExperiment*, std::uint64_t>> all;
  for (const SearchTask& point : points) {
    results.search.push_back({point.settings, {}, 0});
    for (const std::uint64_t seed : search.seeds) all.emplace_back(&point.work, seed);
  }
  const std::vector<Trial> trials = run_trials(all, threads, kept, progress, "search", true);
  for (std::size_t i = 0; i < trials.size(); ++i)
    results.search[i / search.seeds.size()].scores.push_back(score_of(trials[i]));
  for (SearchPoint& point : results.search)
    point.mean =
        std::accumulate(point.scores.begin(), point.scores.end(), 0.0) / static_cast<double>(point.scores.size());
  for (std::size_t i = 1; i < results.search.size(); ++i)
    if (!(results.search[i].mean >= results.search[results.best].mean) && std::isfinite(results.search[i].mean))
      results.best = i;
}

}  // namespace

int run_reservoir_task(const ReservoirOptions& options) {
  LearningExperiment work = read_learning_experiment(options.file, options.overrides, options.plugins);
  // Axes of a search replace what the file itself has, which need not fit then.
  std::vector<SearchTask> points;
  if (work.task.search)
    points = read_search(options.file, options.overrides, options.plugins, *work.task.search);
  else
    check_trial(work);
  const fs::path out = options.out.empty() ? fs::path(fs::path(options.file).stem().string() + ".out") : options.out;
  make_output_directory(out);
  const FileLock lock = lock_directory(out);
  reject_other_use(out, DirectoryUse::task);
  const KeptTrials kept(out / "trials", version);
  const Threads threads(options.threads);
  if (!options.quiet) show_warnings(work.experiment);
  Progress progress(options.quiet ? nullptr : stderr);
  Results results;
  results.title = work.task.title;
  results.kind = name_of(work.task.kind);
  results.experiment = options.file;
  if (work.task.search) {
    run_search(points, *work.task.search, threads, kept, progress, results);
    work = std::move(points[results.best].work);
  }
  results.seeds = work.task.seeds;
  std::vector<std::pair<const LearningExperiment*, std::uint64_t>> all;
  for (const std::uint64_t seed : results.seeds) all.emplace_back(&work, seed);
  results.trials = run_trials(all, threads, kept, progress, "task", false);
  progress.finish();
  write_results(out, results);
  if (options.quiet) return 0;
  std::string text = summary(results);
  double seconds = 0, simulated = 0;
  for (const Trial& trial : results.trials) {
    seconds += trial.seconds;
    simulated += trial.simulated;
  }
  if (work.task.other.kind == OtherReservoir::Kind::none && seconds > 0)
    text += fmt::format("  {:.4g} s of biology in {:.4g} s on one thread each: {:.3g} times real time\n", simulated,
                        seconds, simulated / seconds);
  for (const std::string& remark : remarks_of(results)) text += fmt::format("  remark: {}\n", remark);
  text += fmt::format("  {}: results.json, results.h5, results.svg\n", out.string());
  print(text);
  return 0;
}

}  // namespace rheo
