// The reader of experiment files, a section in each of the files beside this one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "io/experiment/field.hpp"
#include "io/text/toml_document.hpp"
#include "networks/description/selections.hpp"
#include "neurons/catalogue.hpp"

namespace rheo::experiment_file {

// A parameter of a model or a rule, in words.
template <class Info>
std::string expected_text(const Info& info) {
  return Range{info.low, info.high, info.unit}.text();
}

// Where spike trains stand, and what their times mean.
inline const Names spike_keys = {"times", "file", "population", "offset", "at_zero", "round"};

class ExperimentReader {
 public:
  ExperimentReader(const std::string& path, const std::vector<std::string>& overrides,
                   const std::vector<std::string>& plugins)
      : document_(read_toml_document(path, overrides)), root_(document_.root, {}), plugins_(plugins) {
    experiment_.path = path;
    experiment_.files = document_.files;
    experiment_.overrides = overrides;
  }

  // Goes on with an experiment that was begun otherwise.
  explicit ExperimentReader(Experiment experiment) : root_(document_.root, {}), experiment_(std::move(experiment)) {}

  // The table [simulation] of a program, without a duration.
  ExperimentReader(const TomlNode& simulation, const std::vector<std::string>& plugins);

  Experiment add_input(const std::string& name, const TomlNode& table);
  Experiment read();

  // What a table says of an input or of a population's parameters, in place of what they are.
  void change_input(const Field& field, const std::string& name);
  void change_params(const Field& field, const std::string& name);

  // One table of a section. Where it throws, what it added has to be taken back.
  void read_one(const std::string& section, const Field& field, const std::string& name);
  TomlNode& root() { return document_.root; }
  Experiment& experiment() { return experiment_; }
  PopulationIndex& index() { return index_; }
  // What a judge said, with place and value as the user wrote them.
  ExperimentError as_written(Complaint complaint) const;

 private:
  void read_sections();
  void read_tasks();
  NetworkSpec& network() { return experiment_.network; }

  void read_section(const Field& section);

  // The built-in rules, those of --plugin and those that the file names.
  void read_plugins();
  void read_simulation();
  void read_settings(const Field& simulation);

  // Only its time; whether it fits the network is seen when that is built.
  void read_initial_state(const Field& field);
  void read_populations();
  static PopulationSpec::Update read_update(const Field& field);
  PopulationSpec read_population(const Field& field, const std::string& name);
  const PopulationSpec& find_like(const Field& like, const std::string& name);
  static bool is_source(const PopulationSpec& population) { return population.model == "spike_source"; }

  void read_params(const Field& params, const ModelInfo& model, PopulationSpec& population);
  // A parameter or state by the name of the field; what is not known is for the judge.
  static Value read_number(const Field& field, const std::vector<FieldInfo>& known, std::uint32_t size);
  static Positions read_positions(const Field& field, std::uint32_t size);
  static Count per_neuron(std::uint64_t count) { return {.count = count, .each = "neuron"}; }

  // Spike trains of `size` neurons, in the experiment file or in a spike file; nullptr where neither is given.
  // may_share: a flat list of times is one train for all.
  std::shared_ptr<const SpikeTrains> read_trains(const Field& params, std::uint32_t size, bool may_share);
  void note_placed(const Field& params, const std::string& file, SpikePlacer& placer);

  // Adds a time to a train. at: where it is written.
  static void place_spike(const Field& at, double time, SpikePlacer& placer, std::vector<double>& train);
  static SpikeTrains listed_trains(const Field& times, std::uint32_t size, SpikePlacer& placer);
  SpikeTrains stored_trains(const Field& params, const Field& file, const std::optional<Field>& name,
                            std::uint32_t size, const SpikeTimeRules& rules);
  Selection read_selection(const Field& field) const;

  // One selection or a list of them.
  std::vector<Selection> read_selections(const Field& field) const;
  static void read_times(const Field& field, InputSpec& input);
  void read_input(const Field& field, const std::string& name);
  void read_signal(const Field& field, const std::string& name);

  void read_projection(const Field& field, const std::string& name);
  void read_plasticity(const Field& field, ProjectionSpec& projection);

  // Sets projection.connect, and weight and delay where a file of edges has them.
  void read_connect(const Field& field, ProjectionSpec& projection);
  void read_edges(const Field& connect, std::uint64_t sources, std::uint64_t targets, ProjectionSpec& projection);
  static EdgeList listed_edges(const Field& connect);
  // [[changes]], once it is known how long the experiment lasts.
  void read_changes(const Field& changes);
  void note_places(const Field& table);
  TomlDocument document_;
  Field root_;  // of document_
  std::vector<std::string> plugins_;
  Experiment experiment_;
  PopulationIndex index_{experiment_.network.populations};
  PopulationSpec::Update update_ = PopulationSpec::Update::automatic;  // of populations that do not say
};

}  // namespace rheo::experiment_file
