// An experiment that a program puts together, table by table: each is one of [populations.NAME], [inputs.NAME],
// [signals.NAME] or [projections.NAME] as the experiment file has it, read and judged by the same code in the same
// words.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"

namespace rheo {

class ExperimentBuilder {
 public:
  // simulation: dt, seed, precision, update and lanes, as the table [simulation] has them; plugins: libraries of rules.
  // Throws ExperimentError.
  explicit ExperimentBuilder(const TomlNode& simulation, const std::vector<std::string>& plugins = {});
  // Goes on with one that was read.
  explicit ExperimentBuilder(Experiment experiment);
  ExperimentBuilder(ExperimentBuilder&&) noexcept;
  ~ExperimentBuilder();

  // section: "populations", "inputs", "signals" or "projections". What a table names must be there before it: sources
  // and targets before projections, signals before rules that read them. Throws ExperimentError, and then nothing was
  // added.
  void add(const std::string& section, const std::string& name, TomlNode table);

  // What was put together so far; a whole network is judged where it is built.
  const Experiment& experiment() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rheo
