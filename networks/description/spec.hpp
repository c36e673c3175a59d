// What a network is, said as plain values: the experiment file and the SONATA reader fill these structs, Network builds
// from them. Units: ms, mV, pA, pF, nS, Hz; weights in the unit of the model's port. Nothing here is checked against
// the models; Network does that and reports key paths such as "populations.E.params.tau_m".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "networks/description/connect.hpp"
#include "networks/description/costs.hpp"
#include "networks/description/input.hpp"
#include "networks/description/positions.hpp"
#include "networks/description/signal.hpp"
#include "networks/description/value.hpp"
#include "plasticity/library.hpp"

namespace rheo {

// "E", "E[0:1000]", "E[::10]": neurons begin, begin+step, ... < end of a population. end is clamped to nothing: it must
// not be larger than the population.
struct Selection {
  std::string population;
  std::uint32_t begin = 0;
  std::optional<std::uint32_t> end;  // empty: the population's size
  std::uint32_t step = 1;
};

// Spike trains of a spike_source population: times in ms, per neuron, in CSR form, any order within a neuron.
struct SpikeTrains {
  std::vector<std::uint64_t> begin;  // [size + 1]
  std::vector<double> times;         // ms; > 0, times of tick 0 and before are refused
};

struct PopulationSpec {
  std::string name;
  std::string model;
  std::uint32_t size = 0;
  std::map<std::string, Value> params;
  std::map<std::string, std::string> options;  // named choices such as scheme = "euler"
  std::map<std::string, Value> initial;        // initial values of state columns
  std::shared_ptr<const SpikeTrains> trains;   // spike_source only
  Positions positions = {};
  // In every tick, or only when something arrives (docs/semantics.md 13); automatic: as networks/update.hpp finds.
  enum class Update { automatic, tick, event } update = Update::automatic;
};

// How the synapses of a projection change; plasticity/library.hpp has the rules.
struct PlasticitySpec {
  std::string rule = {};                     // empty: they do not
  std::map<std::string, Value> params = {};  // some may differ between target neurons, as the rule says
  // The rule's signals, by the names of the network's; those that are missing have their value from the rule.
  std::map<std::string, std::string> signals = {};
  // Spikes of targets reach synapses at once, or when the next spike arrives. The results do not depend on it.
  bool eager = false;
};

struct ProjectionSpec {
  std::string name;
  std::vector<Selection> source, target;
  Connect connect;
  Value weight = 1.0;
  Value delay = 1.0;    // ms, whole ticks after rounding, >= 1 tick
  double velocity = 0;  // > 0: distance / velocity is added to every delay; unit of the positions per ms
  std::string port;     // empty: by the sign of each weight
  // "spikes"; or, in each tick, the value that the sources' models declare ("value") or a column of theirs by its name.
  std::string transmits = "spikes";
  bool is_graded() const { return transmits != "spikes"; }
  // 16: individual weights are whole multiples of a power of two, the smallest by which 32767 of them reach the largest
  // magnitude that is described. 0: in the precision of the simulation.
  std::uint32_t weight_bits = 0;
  PlasticitySpec plasticity = {};
};

// Numbers for each tick, which plasticity rules read as third factors and inputs as their strength.
struct SignalSpec {
  std::string name;
  Chosen<SignalKind> kind = {};
};

// What comes from outside.
struct InputSpec {
  std::string name;
  Chosen<InputKind> kind = {};
  std::vector<Selection> target = {};
  double start = 0;  // ms: active in (start, stop]
  std::optional<double> stop = {};
};

struct NetworkSpec {
  double dt = 0.1;  // ms
  std::uint64_t seed = 0;
  Precision precision = Precision::single_;
  // How it is laid out; chosen from the network when left alone. The results do not depend on it.
  std::uint32_t lanes = 0;
  enum class Delivery { automatic, ring, wheel } delivery = Delivery::automatic;
  std::uint32_t window = 0;                            // ticks of a ring's window, rounded up to a power of two
  std::optional<DeliveryCosts> costs = {};             // empty: those of this machine
  bool share_rows = true;                              // of projections where nothing speaks against it
  std::shared_ptr<const RuleLibrary> rules = nullptr;  // empty: the built-in ones
  std::vector<PopulationSpec> populations;
  std::vector<ProjectionSpec> projections;
  std::vector<InputSpec> inputs;
  std::vector<SignalSpec> signals = {};
};

}  // namespace rheo
