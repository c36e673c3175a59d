// What a user asks to be recorded, the phases of an experiment and what ends it early, as described structs; and what
// comes of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/loop/contracts.hpp"
#include "networks/description/selections.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

// Doubles hold every whole number up to here, so that the time of each tick is exact before rounding.
inline constexpr Tick max_ticks = Tick{1} << 53;

// A time that must be a whole number of ticks, at least `least` of them. Throws BuildError with the key.
Tick whole_ticks(double ms, double dt, Tick least, const std::string& key);

struct PhaseRequest {
  std::string name = {};
  double duration = 0;  // ms
  AllOrNamed plasticity = {};

  static constexpr auto fields = rheo::fields(
      needed(in_words(field("name", &PhaseRequest::name, "", "its name"), "", "a name such as \"train\"")),
      needed(field("duration", &PhaseRequest::duration, "ms", "how long it lasts", positive)),
      in_words(field("plasticity", &PhaseRequest::plasticity, "", "which projections learn; others keep their weights"),
               "", "a list of plastic projections"));
};

// A part of the experiment.
struct Phase : TickSpan {
  std::string name;
  std::vector<std::string> learning;  // projections, in the order of the network; others keep their weights
};

// Phases one after the other from `begin` on. Throws BuildError ("phases[0].duration").
std::vector<Phase> resolve_phases(const NetworkSpec& network, const std::vector<PhaseRequest>& requests, Tick begin);

struct StopRequest {
  std::vector<Selection> rate = {};
  std::string signal = {};
  std::optional<double> above = {}, below = {};
  double every = 10, start = 0;  // ms

  static constexpr auto fields = rheo::fields(
      in_words(field("rate", &StopRequest::rate, "Hz", "the mean rate of these neurons since the last look"),
               "this or signal", "a population such as \"E\", or a list of them"),
      in_words(field("signal", &StopRequest::signal, "", "a signal; one of its channels is enough"), "this or rate",
               "the name of a signal"),
      in_words(field("above", &StopRequest::above, "", "ends the run where it is more"), "this, below or both", ""),
      in_words(field("below", &StopRequest::below, "", "ends the run where it is less"), "this, above or both", ""),
      field("every", &StopRequest::every, "ms", "time between looks, from 0 on", positive),
      field("start", &StopRequest::start, "ms", "no look before that", non_negative));
};

// Ends a run where a quantity is beyond its bounds at the end of a tick that is a multiple of `every`.
struct StopCondition {
  std::vector<Selection> rate = {};  // the mean rate of these since the look before, Hz; none: of the signal
  std::string signal = {};
  double above = 0, below = 0;  // infinite where there is no bound
  Tick every = 1, start = 0;
};

// Throws BuildError ("stop[0].every").
std::vector<StopCondition> resolve_stops(const NetworkSpec& network, const std::vector<StopRequest>& requests);

struct SpikeRequest {
  std::vector<Selection> populations = {};  // none: all
  std::vector<std::string> phases = {};

  static constexpr auto fields =
      rheo::fields(field("populations", &SpikeRequest::populations, "", "whose spikes"),
                   in_words(field("phases", &SpikeRequest::phases, "", "only in these"), "all", "a list of phases"));
};

struct StateRequest {
  std::string name = {};
  std::vector<Selection> population = {};
  std::vector<std::string> variables = {}, phases = {};
  std::optional<double> every = {}, start = {}, stop = {};  // ms
  std::optional<bool> compress = {};                        // nothing: where it halves the first chunk

  static constexpr auto fields = rheo::fields(
      needed(field("population", &StateRequest::population, "", "whose states")),
      needed(in_words(field("variables", &StateRequest::variables, "", "state variables; a file for each"), "",
                      "a list of variables such as [\"V_m\"]")),
      in_words(field("every", &StateRequest::every, "ms", "time between samples", non_negative), "one tick", ""),
      in_words(field("start", &StateRequest::start, "ms", "first sample", non_negative), "the beginning", ""),
      in_words(field("stop", &StateRequest::stop, "ms", "no sample from here on", non_negative), "the end", ""),
      in_words(field("phases", &StateRequest::phases, "", "only in these, a file for each"), "all", "a list of phases"),
      in_words(field("compress", &StateRequest::compress, "", "whether chunks are compressed"), "where it pays", ""));
};

struct WeightRequest {
  std::string name = {};
  std::string projection = {};
  std::vector<std::string> variables = {}, phases = {};
  std::optional<double> every = {}, start = {}, stop = {};  // ms
  std::optional<bool> compress = {};

  static constexpr auto fields = rheo::fields(
      needed(in_words(field("projection", &WeightRequest::projection, "", "whose synapses"), "",
                      "the name of a projection")),
      in_words(field("every", &WeightRequest::every, "ms", "time between snapshots", non_negative),
               "none: once, at the end", ""),
      in_words(field("start", &WeightRequest::start, "ms", "first snapshot", non_negative), "the beginning", ""),
      in_words(field("stop", &WeightRequest::stop, "ms", "no snapshot after that", non_negative), "the end", ""),
      in_words(field("phases", &WeightRequest::phases, "", "only in these"), "all", "a list of phases"),
      in_words(field("variables", &WeightRequest::variables, "", "columns of the plasticity rule"), "the weight",
               "a list of variables such as [\"weight\"]"),
      in_words(field("compress", &WeightRequest::compress, "", "whether chunks are compressed"), "where it pays", ""));
};

// Spikes to be recorded, in the order of the network's populations; no neuron twice.
struct RecordSpikes {
  bool present = false;
  std::vector<Selection> populations;
  std::vector<TickSpan> spans;  // none: the whole run
};

// States to be recorded: of a StateRequest, in one phase if it names phases, or of a report of a SONATA config.
struct RecordStates {
  std::string name;
  std::vector<Selection> cells;        // no neuron twice
  std::vector<std::string> variables;  // state columns that all of these populations have; one file each
  std::vector<std::string> files;      // their names in the output directory
  SampleTimes times;
  std::optional<bool> compress = {};  // nothing: where it halves the first chunk
};

// Weights to be recorded: those at the end, or snapshots of a plastic projection while running.
struct RecordWeights {
  std::string name;
  std::string projection;
  std::string file;                         // in the output directory
  std::vector<std::string> variables = {};  // columns of its rule; none: its weights at the end
  std::vector<SampleTimes> times = {};      // of snapshots
  std::optional<bool> compress = {};        // nothing: where it halves the first chunk
};

// The judge of recordings: from what is asked for to what recorders do. It throws BuildError with the keys of the
// experiment file ("record.membrane.every"). The arguments of the constructor must outlive it.
class RequestJudge {
 public:
  // begin, end: of the experiment; is_open: its end is not known yet.
  RequestJudge(const NetworkSpec& network, const std::vector<Phase>& phases, Tick begin, Tick end, bool is_open)
      : network_(network), phases_(phases), index_(network.populations), begin_(begin), end_(end), is_open_(is_open) {}

  RecordSpikes resolve(const SpikeRequest& request);
  std::vector<RecordStates> resolve(const StateRequest& request);  // one, or one for each phase
  RecordWeights resolve(const WeightRequest& request);

 private:
  std::vector<Phase> phases_of(const std::vector<std::string>& names) const;
  // Of a StateRequest or a WeightRequest.
  template <class Request>
  std::vector<Phase> phases_without_times(const Request& request) const;
  template <class Request>
  SampleTimes times_of(const Request& request, Tick behind_stop) const;
  void check_variables(const StateRequest& request) const;
  void check_variables(const std::vector<std::string>& variables, const std::string& rule) const;
  void claim(const std::string& name, const std::string& file);

  const NetworkSpec& network_;
  const std::vector<Phase>& phases_;
  PopulationIndex index_;
  Tick begin_, end_;
  bool is_open_;
  std::map<std::string, std::string> owners_;  // of files
};

}  // namespace rheo
