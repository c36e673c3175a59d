// Damaged files with a [task]: read and checked; continual ones that are small enough are learnt.
#include <filesystem>

#include "apps/continual/run.hpp"
#include "apps/learning/task_fields.hpp"
#include "apps/reservoir/task.hpp"
#include "apps/tasks/task.hpp"
#include "tests/fuzz/damage.hpp"

namespace {

// Products of a number of a sample and a weight, roughly; without a limit a valid file may take days.
double work_of(const rheo::ContinualExperiment& work) {
  const rheo::ContinualTask& task = work.task;
  double neurons = 10, weights = 1;
  for (const auto& population : work.experiment.network.populations) neurons += population.size;
  weights = neurons * (neurons + static_cast<double>(task.data.size * task.data.size));
  return weights * static_cast<double>(task.network.steps) *
         static_cast<double>(task.tasks * (task.epochs + task.tasks)) *
         static_cast<double>(task.data.train + task.data.test) *
         static_cast<double>(task.lateral.settings.front().iterations + 1);
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path folder = fuzz::scratch("rheo_fuzz_task");
  std::filesystem::create_directories(folder);
  const auto seeds = fuzz::seeds_below({"examples/continual", "examples/reservoir", "tests/fuzz/tasks"});
  const std::filesystem::path file = folder / "task.toml", kept = folder / "run.h5";
  std::uint64_t learnt = 0;
  const int result = fuzz::run(argc, argv, folder, [&](fuzz::Dice& dice, std::uint64_t) {
    fuzz::write(file, fuzz::damaged(dice, seeds));
    const auto kind = rheo::experiment_file::kind_of_task(file.string(), {});
    if (!kind) {
      rheo::Experiment experiment = rheo::parse_experiment(file.string());
      return rheo::read_task(experiment).has_value();
    }
    if (*kind != "continual") {
      rheo::read_learning_experiment(file.string(), {});
      return true;
    }
    const rheo::ContinualExperiment work = rheo::read_continual_experiment(file.string(), {});
    if (work.task.data.kind == rheo::ImageData::Kind::glyphs && work_of(work) < 1e8) {
      const rheo::ImageSets images = rheo::load_images(work);
      std::filesystem::remove(kept);
      for (const auto method : work.task.methods)
        rheo::run_continual(
            work, images, method, work.task.seeds.front(), rheo::Threads(1), kept, 1e9, [] { return false; },
            [](const auto&) {});
      ++learnt;
    }
    return true;
  });
  std::cout << learnt << " were learnt" << std::endl;
  if (result == 0) std::filesystem::remove_all(folder);
  return result == 0 && learnt == 0 ? 1 : result;
}
