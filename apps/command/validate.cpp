// rheo validate FILE: everything that a run would reject and that can be seen without building.
#include <fmt/format.h>

#include <filesystem>

#include "apps/command/commands.hpp"
#include "apps/continual/run.hpp"
#include "apps/learning/task_fields.hpp"
#include "apps/reservoir/task.hpp"
#include "apps/reservoir/trial.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/summary.hpp"
#include "apps/sweep/choice.hpp"
#include "apps/tasks/task.hpp"
#include "core/time.hpp"
#include "io/experiment/changes.hpp"
#include "io/experiment/network.hpp"
#include "io/files/provenance.hpp"
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

// What all kinds of experiments have in common.
Json about(const ValidateOptions& options, const char* kind, const Experiment& experiment) {
  return {{"file", options.file}, {"status", "ok"}, {"kind", kind}, {"warnings", experiment.warnings}};
}

Told validate_continual(const ValidateOptions& options) {
  const ContinualExperiment work = read_continual_experiment(options.file, options.overrides);
  const ContinualTask& task = work.task;
  const ImageSets images = load_images(work);
  Told told;
  told.text = fmt::format("{}: ok\n{}  {} of protocol {}, {}, {} images of {} classes, {} for tests\n", options.file,
                          warnings_text(work.experiment), names_text(task.tasks, "task", "tasks"),
                          name_of(task.protocol), names_text(task.seeds.size(), "seed", "seeds"),
                          grouped(images.train.size()), images.classes, grouped(images.test.size()));
  told.json = about(options, "continual", work.experiment);
  told.json["protocol"] = name_of(task.protocol);
  told.json["tasks"] = task.tasks;
  told.json["seeds"] = task.seeds;
  told.json["images"] = {{"train", images.train.size()}, {"test", images.test.size()}, {"classes", images.classes}};
  return told;
}

Told validate_reservoir(const ValidateOptions& options) {
  const LearningExperiment learning = read_learning_experiment(options.file, options.overrides, options.plugins);
  check_what_when(learning.experiment, learning.task.what_when);
  Told told{fmt::format("{}: ok\n{}  task what_when, {}\n", options.file, warnings_text(learning.experiment),
                        names_text(learning.task.seeds.size(), "seed", "seeds")),
            about(options, "reservoir", learning.experiment)};
  told.json["task"] = "what_when";
  told.json["seeds"] = learning.task.seeds;
  return told;
}

Json network_json(const Experiment& experiment, const CheckedNetwork& checked) {
  const NetworkSpec& spec = experiment.network;
  Json json{{"duration_ms", experiment.duration},
            {"dt_ms", spec.dt},
            {"seed", spec.seed},
            {"populations", Json::array()},
            {"projections", Json::array()},
            {"inputs", names_in(spec.inputs)},
            {"signals", names_in(spec.signals)},
            {"changes", Json::array()},
            {"stop_conditions", experiment.stops.size()}};
  for (const PopulationSpec& population : spec.populations)
    json["populations"].push_back({{"name", population.name}, {"model", population.model}, {"size", population.size}});
  for (std::size_t p = 0; p < spec.projections.size(); ++p)
    json["projections"].push_back({{"name", spec.projections[p].name},
                                   {"rule", spec.projections[p].connect->name()},
                                   {"source", selections_text(spec.projections[p].source)},
                                   {"target", selections_text(spec.projections[p].target)},
                                   {"weights", to_json(checked.weights[p])}});
  for (const Change& change : experiment.changes) json["changes"].push_back(text_of(change, spec.dt));
  for (const Phase& phase : experiment.phases)
    json["phases"].push_back({{"name", phase.name},
                              {"begin_ms", tick_to_ms(phase.begin, spec.dt)},
                              {"end_ms", tick_to_ms(phase.end, spec.dt)},
                              {"learning", phase.learning}});
  return json;
}

// points: of the sweep whose first point the experiment is; 0: it is none.
Told validate_simulation(const ValidateOptions& options, const Experiment& experiment, std::uint64_t points) {
  const CheckedNetwork checked = Network::check(experiment.network);
  const double memory = check_memory(experiment);
  check_draws(experiment);
  std::uint64_t neurons = 0;
  for (const PopulationSpec& population : experiment.network.populations) neurons += population.size;
  std::string text = fmt::format("{}: ok\n", options.file) + warnings_text(experiment);
  if (points > 0)
    text += fmt::format("  {} of a sweep, the first of which has\n", names_text(points, "point", "points"));
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
  for (const Change& change : experiment.changes)
    text += fmt::format("  change      {}\n", text_of(change, experiment.network.dt));
  Json json = about(options, points > 0 ? "sweep" : "simulation", experiment);
  if (points > 0) json["points"] = points;
  json.update(network_json(experiment, checked));
  json["memory_bytes"] = static_cast<std::uint64_t>(memory);
  return {text, json};
}

}  // namespace

Told validate_experiment(const ValidateOptions& options) {
  const bool is_toml = std::filesystem::path(options.file).extension() != ".json";
  if (is_toml && has_sweep(options.file, options.overrides)) {
    const Sweep sweep = open_sweep(options.file, options.overrides, options.plugins);
    sweep.check(10);
    return validate_simulation(options, sweep.experiment(0), sweep.size());
  }
  if (const auto kind = is_toml ? experiment_file::kind_of_task(options.file, options.overrides) : std::nullopt)
    return *kind == "continual" ? validate_continual(options) : validate_reservoir(options);
  Experiment experiment = open_experiment(options.file, options.overrides, options.plugins);
  read_task(experiment);
  return validate_simulation(options, experiment, 0);
}

}  // namespace rheo
