// rheo validate FILE: everything that a run would reject and that can be seen without building.
#include <fmt/format.h>

#include <filesystem>

#include "apps/command/commands.hpp"
#include "apps/continual/run.hpp"
#include "apps/learning/task_fields.hpp"
#include "apps/reservoir/task.hpp"
#include "apps/reservoir/trial.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/print.hpp"
#include "apps/session/summary.hpp"
#include "core/time.hpp"
#include "io/experiment/network.hpp"
#include "io/sweep/sweep.hpp"

namespace rheo {

namespace {

std::string names_text(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string warnings_text(const Experiment& experiment) {
  std::string text;
  for (const std::string& warning : experiment.warnings) text += fmt::format("  warning: {}\n", warning);
  return text;
}

void validate_continual(const ValidateOptions& options) {
  const ContinualExperiment work = read_continual_experiment(options.file, options.overrides);
  const ContinualTask& task = work.task;
  const ImageSets images = load_images(work);
  print(fmt::format("{}: ok\n{}  {} of protocol {}, {}, {} images of {} classes, {} for tests\n", options.file,
                    warnings_text(work.experiment), names_text(task.tasks, "task", "tasks"), name_of(task.protocol),
                    names_text(task.seeds.size(), "seed", "seeds"), grouped(images.train.size()), images.classes,
                    grouped(images.test.size())));
}

void validate_reservoir(const ValidateOptions& options) {
  const LearningExperiment learning = read_learning_experiment(options.file, options.overrides, options.plugins);
  std::vector<SearchTask> search;
  if (learning.task.search)
    search = read_search(options.file, options.overrides, options.plugins, *learning.task.search);
  std::string text = fmt::format("{}: ok\n", options.file) + warnings_text(learning.experiment);
  for (const std::string& remark : search.empty() ? check_trial(learning) : search.front().remarks)
    text += fmt::format("  remark: {}\n", remark);
  text += fmt::format("  task {}, {}", name_of(learning.task.kind),
                      names_text(learning.task.seeds.size(), "seed", "seeds"));
  if (!search.empty()) text += fmt::format(", after a search among {}", names_text(search.size(), "point", "points"));
  print(text + '\n');
}

// points: what the experiment stands for, where it is the first of a sweep.
void validate_simulation(const ValidateOptions& options, const Experiment& experiment, const std::string& points) {
  const CheckedNetwork checked = Network::check(experiment.network);
  const double memory = check_memory(experiment);
  check_draws(experiment);
  std::uint64_t neurons = 0;
  for (const PopulationSpec& population : experiment.network.populations) neurons += population.size;
  std::string text = fmt::format("{}: ok\n", options.file) + warnings_text(experiment);
  text += points;
  text += fmt::format("  {} neurons in {}, {}, {}; {:.6g} ms = {} ticks of {} ms\n", grouped(neurons),
                      names_text(experiment.network.populations.size(), "population", "populations"),
                      names_text(experiment.network.projections.size(), "projection", "projections"),
                      names_text(experiment.network.inputs.size(), "input", "inputs"), experiment.duration,
                      grouped(static_cast<std::uint64_t>(experiment.ticks)), experiment.network.dt);
  text += fmt::format("  memory      about {}\n", memory_text(memory));
  for (const PopulationSpec& population : experiment.network.populations) {
    text +=
        fmt::format("  population  {:<16} {:>11} {}\n", population.name, grouped(population.size), population.model);
  }
  for (std::size_t p = 0; p < experiment.network.projections.size(); ++p) {
    const ProjectionSpec& projection = experiment.network.projections[p];
    text += fmt::format("  projection  {:<16} {} -> {}, {}\n", projection.name, selections_text(projection.source),
                        selections_text(projection.target), weights_text(checked.weights[p]));
  }
  if (!experiment.initial_state.empty())
    text += fmt::format("  from        {} at {} ms\n", experiment.initial_state,
                        tick_to_ms(experiment.begin, experiment.network.dt));
  text += phases_text(experiment);
  print(text);
}

}  // namespace

int validate_experiment(const ValidateOptions& options) {
  const bool is_toml = std::filesystem::path(options.file).extension() != ".json";
  if (is_toml && has_sweep(options.file, options.overrides)) {
    const Sweep sweep(options.file, options.overrides, options.plugins);
    sweep.check(10);
    validate_simulation(
        options, sweep.experiment(0),
        fmt::format("  {} of a sweep, the first of which has\n", names_text(sweep.size(), "point", "points")));
  } else if (const auto kind =
                 is_toml ? experiment_file::kind_of_task(options.file, options.overrides) : std::nullopt) {
    *kind == "continual" ? validate_continual(options) : validate_reservoir(options);
  } else {
    validate_simulation(options, open_experiment(options.file, options.overrides, options.plugins), {});
  }
  return 0;
}

}  // namespace rheo
