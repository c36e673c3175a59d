// A task while it runs: what the network is shown from row to row, and what its readouts make of it. Whoever runs the
// simulation stops at next() and calls begin(), as for a Schedule; nothing depends on where else a run is cut.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/tasks/readout_run.hpp"
#include "apps/tasks/task.hpp"
#include "core/bytes.hpp"
#include "io/experiment/experiment.hpp"
#include "networks/network.hpp"

namespace rheo {

struct TaskResults {
  // In the order of the file; nothing where a score is not defined.
  std::vector<std::pair<std::string, std::optional<double>>> scores;
  struct Output {
    std::string readout, target;
    std::vector<std::pair<std::string, std::optional<double>>> scores;
  };
  std::vector<Output> outputs;  // of targets that have scores of their own
  struct Learnt {
    std::string name;
    std::vector<std::string> targets, states;
    LinearReadout readout;
    std::vector<double> lambdas, errors;
    std::map<DataPart, PartOutputs> said;                            // in the units of the data
    std::map<DataPart, std::vector<std::uint32_t>> labels, answers;  // of items, by number of their class
    std::map<DataPart, Matrix> seen;                                 // of a readout of kind states: [row][state]
  };
  std::vector<Learnt> readouts;
  std::vector<std::string> remarks;
};

class Trials {
 public:
  // Of a network that was built from the experiment; all three must outlive this. Throws UserError.
  Trials(Network& network, const Experiment& experiment, const Task& task);

  // The next tick at which something is due; `never`: all is shown.
  Tick next(Tick now) const;
  // What is due between this tick and the one after it. A second call at the same tick does nothing.
  void begin(Tick now);
  // The part that is shown, and which of all rows.
  std::string where() const;

  // Once all is shown.
  TaskResults finish();

  // How far it is and what was learnt. Throws StateError.
  void save(ByteWriter& to) const;
  void load(ByteReader& from);

 private:
  struct Pulse {
    Tick tick = 0;  // within the row, from 0
    std::size_t encoding = 0;
    std::uint32_t channel = 0;
  };
  // Of one encoding.
  struct Carrier {
    std::vector<std::size_t> columns;
    std::vector<double> numbers;
  };
  bool is_over() const { return show_ == task_.data.shows.size(); }
  const Show& show() const { return task_.data.shows[show_]; }
  void begin_show();
  void begin_row();
  std::vector<std::uint32_t> answers_of(std::size_t readout, DataPart part) const;
  void end_row();
  void begin_pause();
  void encode(std::size_t which);
  void encode_channels(std::size_t which, std::size_t column, double x);
  void send_pulses(Tick offset);
  void add_scores(TaskResults& results) const;
  double add_accuracy(const ScoreSpec& score, std::size_t r, DataPart part, TaskResults& results) const;
  void add_remarks(TaskResults& results) const;

  Network& network_;
  const Task& task_;
  std::vector<std::unique_ptr<ReadoutRun>> readouts_;
  std::vector<std::string> plastic_;
  std::vector<Carrier> carriers_;  // [encoding]
  std::size_t show_ = 0, row_ = 0;
  Tick row_begin_ = 0, begun_ = -1;
  std::vector<double> input_;  // of the row at hand
  std::vector<Pulse> pulses_;  // of the row at hand, by tick
  // Of each readout when all is shown: what it said, and the first of its outputs in the results.
  std::vector<std::map<DataPart, PartOutputs>> raw_;
  std::vector<std::size_t> first_output_;
  std::vector<std::byte> start_;  // states of neurons, where each item begins with them
};

// As task.h5: /readouts/NAME/{weights [state][target], intercept, state, target, lambda, lambdas, errors} and
// /outputs/NAME/PART/{row, output, target}, in the units of the data; /states/NAME/PART [row][state] of those that keep
// them alone. Throws RecordingError.
void write_task_file(const std::filesystem::path& file, const TaskResults& results);

}  // namespace rheo
