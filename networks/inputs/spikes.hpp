// Spikes that are given one by one, or counted by a signal.
#pragma once

#include "networks/description/trains.hpp"
#include "networks/inputs/kind_of.hpp"

namespace rheo {

struct GivenSpikes {
  std::shared_ptr<const SpikeTrains> trains = nullptr;  // one for each target neuron, or one for all
  Value weight = 1.0;
  double delay = 0;
  std::string port = {};
  std::string signal = {};
  std::optional<std::uint32_t> channel = {};
  // As the experiment file has the trains.
  KeyOfTrains file = {}, population = {}, offset = {}, at_zero = {}, round = {};

  static constexpr const char* name = "spikes";
  static constexpr const char* summary =
      "Spikes at given times, or in each tick as many as a signal says (a negative number is none).";
  static constexpr const char* source = "";
  static constexpr auto fields = std::tuple_cat(
      rheo::fields(in_words(field("times", &GivenSpikes::trains, "ms",
                                  "a list of times for every target neuron, or one list for all"),
                            "needed, or `file` or `signal`", "times > 0"),
                   in_words(field("file", &GivenSpikes::file, "", "a SONATA spike file or a text (`*.gdf`, `*.csv`)"),
                            "none", "a path"),
                   in_words(field("population", &GivenSpikes::population, "", "which one, where `file` holds several"),
                            "its only one", "a name")),
      input_fields::spikes(&GivenSpikes::weight, &GivenSpikes::delay, &GivenSpikes::port),
      rheo::fields(in_words(field("offset", &GivenSpikes::offset, "ms", "added to every time"), "0", "any number"),
                   in_words(field("at_zero", &GivenSpikes::at_zero, "", "what becomes of a spike at time 0"),
                            "an error", "first_tick, drop"),
                   in_words(field("round", &GivenSpikes::round, "", "how times become ticks"), "up", "up, nearest")),
      input_fields::signal(&GivenSpikes::signal, &GivenSpikes::channel,
                           "in place of times and `delay`: how many spikes arrive in each tick"));

  void check(const InputEnds& ends) const;
  MakeInput prepare(const InputEnds& ends) const;
  double bytes(double targets) const;
};

inline void GivenSpikes::check(const InputEnds& ends) const {
  if (!trains && signal.empty())
    reject("times", {}, "missing", "one list of times per neuron, one for all, or a signal");
  if (trains && !signal.empty()) reject("times", {}, "stand beside signal", "one of the two");
  within("times", [&] {
    if (trains) check_trains(*trains, trains->begin.size() == 2 ? 1 : ends.targets, ends.network.dt);
  });
}

inline MakeInput GivenSpikes::prepare(const InputEnds& ends) const {
  if (!signal.empty()) {
    ends.check_product("weight", ends.draw("weight", weight), {}, signal);
    return [this, ends](const InputPart& part) -> std::unique_ptr<Input> {
      return std::make_unique<CurrentInput>(part.where, ends.network.precision, part.weights,
                                            ends.factors(signal, channel, part.offset, 0));
    };
  }
  return [this, ends](const InputPart& part) -> std::unique_ptr<Input> {
    const bool shared = trains->begin.size() == 2;
    std::vector<SpikeInput::Event> events;
    for (std::uint32_t i = 0; i < part.where.range.count(); ++i) {
      const std::size_t train = shared ? 0 : part.offset + i;
      for (std::size_t k = trains->begin[train]; k < trains->begin[train + 1]; ++k)
        part.add_spike(ms_to_tick_ceil(trains->times[k], ends.network.dt), ends.ticks(delay), i, events);
    }
    return std::make_unique<SpikeInput>(part.where, ends.network.precision, std::move(events), part.weights);
  };
}

inline double GivenSpikes::bytes(double targets) const {
  if (!trains) return 0;
  return static_cast<double>(trains->times.size() * sizeof(SpikeInput::Event)) *
         (trains->begin.size() == 2 ? targets : 1);
}

}  // namespace rheo
