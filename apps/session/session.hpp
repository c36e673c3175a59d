// A network that a program runs in pieces and looks at in between: what is recorded stays in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apps/session/schedule.hpp"
#include "apps/tasks/trials.hpp"
#include "io/experiment/experiment.hpp"
#include "io/files/provenance.hpp"
#include "io/record/memory.hpp"
#include "networks/description/selections.hpp"
#include "networks/network.hpp"

namespace rheo {

// The synapses of a projection, by source, target, delay and then as they were drawn. Neurons are counted within their
// populations.
struct SynapseTable {
  std::vector<std::uint32_t> source, target;
  std::vector<std::uint32_t> source_population, target_population;  // in the order of the network
  std::vector<double> weight, delay;                                // in the unit of the port; ms
  // What the plasticity rule keeps beside the weight: name, one number each.
  std::vector<std::pair<std::string, std::vector<double>>> columns;
};

class Session {
 public:
  // Checks the whole network and builds it. Recordings of the experiment's own go into memory. threads: 0 for one per
  // processor. Throws UserError.
  explicit Session(Experiment experiment, unsigned threads = 0);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Experiment& experiment() const { return experiment_; }
  Network& network() { return network_; }
  double dt() const { return experiment_.network.dt; }  // ms
  double now() const;                                   // ms, of the last tick that was computed

  // From the next tick on. Throws BuildError.
  void record_spikes(const std::vector<Selection>& neurons);
  // From now on: the state of this tick comes first. Returns the recording's number.
  std::size_t record_states(const StateRequest& request);
  const StateMemory& states(std::size_t recording) const { return *states_.at(recording); }
  // Of a population whose spikes are recorded. Throws BuildError.
  const SpikeMemory::Train& spikes(const std::string& population) const;
  std::vector<std::string> recorded_populations() const;
  void clear_spikes() {
    spikes_.clear();
    kept_since_ = all_since_ = network_.simulation().now();
  }

  // Computes so many ms, a whole number of ticks, with the experiment's phases and changes as their time comes. stop:
  // asked several times a second; true ends it, and so does a condition of the experiment, which stopped() then names.
  // Returns whether it came to the end. Throws BuildError, NumericalError.
  bool run(double ms, const std::function<bool()>& stop = {});
  // What is left of the duration of an experiment that was read from a file, ms; 0 where there is none.
  double left() const;
  const std::string& stopped() const { return stopped_; }
  // Of an experiment with trials, once all is shown. Throws BuildError before that, and where there are none.
  const TaskResults& results();

  // A state of all neurons of a population, by the name of a variable. Throws BuildError.
  std::vector<double> state(const std::string& population, const std::string& variable);
  // Of some neurons, given by number; values are held against the range of the variable.
  void set_state(const std::string& population, const std::string& variable, std::span<const std::uint32_t> neurons,
                 std::span<const double> values);

  // Settings of an input, parameters of a population or weights of a projection, from the next tick on; what is not
  // named stays, and so do states. Synapses are counted as in synapses(), and spikes in flight meet the new weights.
  // Throws UserError, and then nothing was changed.
  void change(const std::string& section, const std::string& name, const TomlNode& settings) {
    schedule_.change({section, name, settings});
  }
  // What was changed so far, in order: "100 ms: inputs.background { rate = 5.0 }".
  const std::vector<std::string>& changes() const { return schedule_.changes(); }

  SynapseTable synapses(const std::string& projection);

  // What was recorded, as rheo run leaves it: spikes.h5, NAME_VARIABLE.h5 of recording NAME, and run.json with rates of
  // the populations whose spikes are recorded. Throws RecordingError.
  void write(const std::filesystem::path& directory);

  // Not of an experiment with trials, whose readouts go on from checkpoints of rheo run alone. Throws BuildError.
  std::vector<std::byte> save();
  void save_checkpoint(const std::filesystem::path& file);
  // Goes on from there, in the network as the experiment has changed it by then. Throws StateError, or RecordingError
  // for the file, and then the state is as it was.
  void load(std::span<const std::byte> state);
  void load_checkpoint(const std::filesystem::path& file);

 private:
  RunReport describe() const;
  void write_spikes(const std::filesystem::path& directory, RunReport& report);
  void refuse_trials(const char* what) const;
  void restore(Tick to, const std::function<void()>& load);
  std::size_t find_projection(const std::string& projection) const;
  std::size_t find(const std::string& population) const;
  std::size_t find_column(std::size_t population, const std::string& variable) const;

  Experiment experiment_;
  std::optional<Task> task_;
  PopulationIndex index_;
  Network network_;
  SpikeMemory spikes_;
  Tick kept_since_ = 0, all_since_ = 0;  // of spikes: the first that is kept; since when all that is recorded is
  double wall_time_ = 0;                 // s, of all runs
  std::vector<std::unique_ptr<StateMemory>> states_;
  Schedule schedule_;
  std::unique_ptr<Trials> trials_;
  std::optional<TaskResults> results_;
  std::string stopped_;
};

}  // namespace rheo
