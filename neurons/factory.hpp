// Makes a population of a model given by name, its numbers by neuron.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/isa.hpp"
#include "core/loop/simulation.hpp"

namespace rheo {

struct PopulationPlan {
  std::string name, model;
  std::uint32_t size = 0;
  // One number for all, or one per neuron; names and ranges were checked against the catalogue. What is missing has its
  // default.
  std::map<std::string, std::vector<double>> params, initial;
  std::map<std::string, std::string> options;
  Precision precision = Precision::single_;
  double dt = 0.1;
  bool with_current = false;     // whether somebody writes to the port "I"
  bool lasting_current = false;  // and whether that may be a current that stays the same for long, as noise does not
  // Whether the state may be in double precision although the simulation, and so the input, is in single precision.
  bool may_be_wide = true;
  bool by_event = false;  // an EventBlock; for linear models with one value for each parameter
  Isa isa = Isa::base;
};

// Throws std::invalid_argument for what the catalogue does not know, BuildError with a key below the population
// ("params") for parameters that do not go together.
std::unique_ptr<PopulationBlock> make_population(const PopulationPlan& plan);

// The precision of the state: double where the plan asks for it, and where single precision would not hold what changes
// slowly (docs/accuracy.md) and the plan allows it.
Precision state_precision(const PopulationPlan& plan);

// The longest time constant of a state (ms), of any neuron; 0 where nothing decays.
double longest_tau(const PopulationPlan& plan);

// Whether the population could be updated by events, and stays below its threshold when nothing arrives.
bool rests_by_itself(const PopulationPlan& plan);

}  // namespace rheo
