#include "apps/reservoir/run_task.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>

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
std::vector<Trial> run_trials(const LearningExperiment& work, const Threads& threads, const KeptTrials& kept,
                              Progress& progress) {
  const std::vector<std::uint64_t>& seeds = work.task.seeds;
  std::vector<Trial> trials(seeds.size());
  std::mutex showing;
  std::size_t done = 0;
  progress.stage(fmt::format("task: 0 of {} trials", seeds.size()));
  threads.for_each(seeds.size(), [&](std::size_t i) {
    if (auto known = kept.find(work.identity, seeds[i])) {
      trials[i] = *std::move(known);
    } else {
      try {
        trials[i] = run_what_when(work.experiment, work.task.what_when, seeds[i]);
      } catch (const NumericalError& error) {
        Complaint complaint = error.complaint();
        complaint.problem = fmt::format("seed {}: {}", seeds[i], complaint.problem);
        throw NumericalError(std::move(complaint));
      }
      kept.keep(work.identity, seeds[i], trials[i]);
    }
    const std::lock_guard lock(showing);
    progress.stage(fmt::format("task: {} of {} trials", ++done, seeds.size()));
  });
  return trials;
}

}  // namespace

int run_reservoir_task(const ReservoirOptions& options) {
  const LearningExperiment work = read_learning_experiment(options.file, options.overrides, options.plugins);
  check_what_when(work.experiment, work.task.what_when);
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
  results.kind = "what_when";
  results.experiment = options.file;
  results.seeds = work.task.seeds;
  results.trials = run_trials(work, threads, kept, progress);
  progress.finish();
  write_results(out, results);
  if (options.quiet) return 0;
  std::string text = summary(results);
  double seconds = 0, simulated = 0;
  for (const Trial& trial : results.trials) {
    seconds += trial.seconds;
    simulated += trial.simulated;
  }
  if (seconds > 0)
    text += fmt::format("  {:.4g} s of biology in {:.4g} s on one thread each: {:.3g} times real time\n", simulated,
                        seconds, simulated / seconds);
  text += fmt::format("  {}: results.json, results.h5, results.svg\n", out.string());
  print(text);
  return 0;
}

}  // namespace rheo
