#include "apps/continual/run_task.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "apps/continual/results.hpp"
#include "apps/continual/run.hpp"
#include "apps/continual/task.hpp"
#include "apps/session/exit_codes.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/print.hpp"
#include "apps/session/progress.hpp"
#include "apps/session/run_directory.hpp"
#include "apps/session/signals.hpp"
#include "core/parallel.hpp"
#include "io/files/file_lock.hpp"
#include "io/files/recording.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

// Often enough that little is lost, and seldom enough to cost nothing.
constexpr double keep_every = 60;  // s

}  // namespace

int run_continual_task(const ContinualOptions& options) {
  const StopSignals signals;
  const ContinualExperiment work = read_continual_experiment(options.file, options.overrides);
  const ContinualTask& task = work.task;
  const fs::path out = options.out.empty() ? fs::path(fs::path(options.file).stem().string() + ".out") : options.out;
  const fs::path kept = out / "runs";
  make_output_directory(out);
  const FileLock lock = lock_directory(out);
  reject_other_use(out, DirectoryUse::task);
  recording_step(kept, [&] { fs::create_directories(kept); });
  const Threads threads(options.threads);
  if (!options.quiet) show_warnings(work.experiment);
  Progress progress(options.quiet ? nullptr : stderr);
  progress.stage("reading the images");
  const ImageSets images = load_images(work);
  ContinualResults results{task.title, options.file, task.protocol, task.network.layers, {}};
  results.projections.push_back("output");
  const auto file_of = [&](ContinualTask::Method method, std::uint64_t seed) {
    return kept / fmt::format("{:016x}_{}_{}.h5", work.identity, name_of(method), seed);
  };
  for (const ContinualTask::Method method : task.methods)
    for (const std::uint64_t seed : task.seeds) {
      const std::string what = fmt::format("{}, seed {}", name_of(method), seed);
      auto result = run_continual(
          work, images, method, seed, threads, file_of(method, seed), keep_every,
          [&] { return signals.stop_requested(); },
          [&](const ContinualProgress& state) {
            progress.show(LearningProgress{.what = what,
                                           .task = state.task,
                                           .tasks = state.tasks,
                                           .done = state.images,
                                           .total = state.all_images,
                                           .before = state.images_before,
                                           .wall = state.seconds,
                                           .testing = state.testing});
          });
      if (!result) {
        progress.finish();
        if (!options.quiet)
          print(fmt::format("  stopped by {}; the same command goes on with {}\n", signals.name(), what));
        return exit_interrupted;
      }
      results.runs.push_back(*std::move(result));
    }
  progress.finish();
  write_results(out, results);
  std::string files = "results.{json,h5,svg}, resources.{json,h5,svg}, runs/";
  if (task.recorded > 0) {
    record_presentations(work, images, task.methods.front(), task.seeds.front(), threads,
                         file_of(task.methods.front(), task.seeds.front()), out);
    files += ", spikes.h5";
  }
  if (!options.quiet) print(summary(results) + fmt::format("  {}: {}\n", out.string(), files));
  return 0;
}

}  // namespace rheo
