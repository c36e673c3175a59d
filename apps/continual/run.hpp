// One method with one seed over all tasks: training, testing, and what is kept so that it can be gone on with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/continual/task.hpp"
#include "core/parallel.hpp"
#include "io/files/idx.hpp"

namespace rheo {

// Images as the task asks for them, once they, the layers and the lateral neurons fit each other. Throws UserError.
struct ImageSets {
  LabelledImages train, test;
  std::size_t classes = 0;
};
ImageSets load_images(const ContinualExperiment& work);

// A learnt subspace beside the principal components of the same traces, after a task: of the rows that were appended
// for it, and of what frozen rows leave of the traces.
struct SubspaceMeasure {
  std::uint32_t task = 0, projection = 0, rows = 0;
  double mean_angle = 0, largest_angle = 0;  // principal angles, degrees
  double chance_angle = 0;                   // mean angle of random rows instead
  double share = 0, best_share = 0;          // of the variance that is left: caught by the rows; by as many components
};

struct ContinualResult {
  ContinualTask::Method method{};
  std::uint64_t seed = 0;
  std::vector<std::vector<double>> accuracy;  // [after task][task] of test images, %; joint: one row
  // Learning curve, one point per window: images seen, mean loss, right answers before learning from them (%).
  std::vector<double> seen, loss, online;
  std::vector<double> rates;  // [layer] spikes per neuron and step while training in the last window
  std::vector<SubspaceMeasure> subspaces;
  double train_seconds = 0, test_seconds = 0, project_seconds = 0, adapt_seconds = 0;
  double images_trained = 0, images_tested = 0;
  double bytes = 0;  // of the network and its lateral neurons

  double mean_accuracy() const;  // ACC: of the last row, %
  // Of two tasks or more; nothing of the following is defined for one.
  double backward_transfer() const;  // BWT: mean over all tasks but the last of last accuracy minus that right after, %
  double forgetting() const;  // mean over all tasks but the last of the best earlier accuracy minus the last one, %
};

struct ContinualProgress {
  std::size_t task = 0, tasks = 0;
  double images = 0, all_images = 0, seconds = 0;  // of this process
  double images_before = 0;
  bool testing = false;
};

// Runs it, or goes on with what `file` keeps: written about every `keep_every` seconds, after each task, and when asked
// to stop; a run that is finished is read from it. Nothing comes back where it was stopped. Throws UserError.
std::optional<ContinualResult> run_continual(const ContinualExperiment& work, const ImageSets& images,
                                             ContinualTask::Method method, std::uint64_t seed, const Threads& threads,
                                             const std::filesystem::path& file, double keep_every,
                                             const std::function<bool()>& stop,
                                             const std::function<void(const ContinualProgress&)>& show);

// Spikes of the first test images of the last task, presented one after the other to what `file` keeps of a finished
// run, as spikes.h5 in `directory`. Throws UserError.
void record_presentations(const ContinualExperiment& work, const ImageSets& images, ContinualTask::Method method,
                          std::uint64_t seed, const Threads& threads, const std::filesystem::path& file,
                          const std::filesystem::path& directory);

}  // namespace rheo
