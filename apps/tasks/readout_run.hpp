// A readout while a task runs: what it sees of the network, what it learns, and what it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/learning/matrix.hpp"
#include "apps/learning/readouts.hpp"
#include "apps/tasks/filtered_spikes.hpp"
#include "apps/tasks/task.hpp"
#include "core/bytes.hpp"
#include "networks/network.hpp"

namespace rheo {

// What a readout said in one part, row by row, and what it should have said.
struct PartOutputs {
  std::vector<std::size_t> rows;  // of the data
  Matrix outputs, targets;        // [row][target], as the data are shown
};

class ReadoutRun {
 public:
  // Adds itself to the simulation, which outlives it. Throws UserError.
  ReadoutRun(const NamedReadout& readout, const Task& task, const Experiment& experiment, Network& network);
  ~ReadoutRun();
  ReadoutRun(const ReadoutRun&) = delete;
  ReadoutRun& operator=(const ReadoutRun&) = delete;

  const std::string& name() const { return readout_.name; }
  std::uint32_t samples() const { return how_.samples; }
  // A look at the states, number `index` of the row at hand.
  void sample(std::uint32_t index);
  // The end of a row: `input` is what was shown. Throws NumericalError where the readout diverges.
  void end_row(const Show& show, std::size_t row, std::span<const double> input);
  // Nothing of what came before is left in the network.
  void forget();
  // The last row of a part that is shown once.
  void end_part(DataPart part);
  // What it said in the row before, and what the feedback carries in this one.
  std::span<const double> output() const { return output_; }
  void feedback(DataPart part, std::size_t row, std::span<double> to) const;

  // Once all is shown.
  void finish();
  const std::map<DataPart, PartOutputs>& outputs() const { return said_; }
  // States of train, validate or test: [row][state]; no rows where they are not kept.
  MatrixView states(DataPart part) const;
  // states x outputs; of a readout that has an intercept, that is apart.
  const LinearReadout& learnt() const { return learnt_; }
  const std::vector<double>& errors() const { return errors_; }  // of each lambda in the part validate
  std::vector<std::string> state_names() const;

  void save(ByteWriter& to) const;
  void load(ByteReader& from);
  std::size_t bytes() const;

 private:
  struct Seen {  // neurons of one population
    std::size_t population = 0, column = 0;
    std::string name;
    std::vector<std::uint32_t> neurons;
  };
  bool is_ridge() const { return readout_.kind.as<RidgeReadout>() != nullptr; }
  bool learns() const { return rls_ || lms_; }
  bool keeps_states() const { return !learns(); }
  void see(std::span<const double> input);
  bool sees(const Show& show, std::size_t row);
  void learn(std::size_t row);
  void predict();
  void fit();
  void keep(DataPart part, std::size_t row);
  void read_learnt();
  std::vector<double> target_of(std::size_t row) const;
  std::string place_of(DataPart part, std::size_t row) const;

  const NamedReadout& readout_;
  const ReadoutCommon& how_;
  const Task& task_;
  Simulation& simulation_;
  std::vector<Seen> seen_;
  std::size_t neurons_ = 0, width_ = 0;  // of states
  std::unique_ptr<FilteredSpikes> traces_;
  std::vector<double> states_;   // of the row at hand: samples, then rows of input, then 1
  std::vector<double> history_;  // the last rows of input, the newest first
  std::vector<double> sums_;     // of states, over the rows of an item
  std::vector<double> output_;
  bool fitted_ = false, loaded_ = false;
  // Ridge and states: rows of states of train, validate and test, one after the other.
  std::vector<double> kept_;
  std::map<DataPart, PartOutputs> said_;
  std::optional<Rls> rls_;
  std::optional<Lms> lms_;
  LinearReadout learnt_;
  std::vector<double> errors_;
};

}  // namespace rheo
