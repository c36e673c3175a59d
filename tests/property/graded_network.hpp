// A network of all models without spikes, and of spiking neurons that send and get values.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "tests/property/network_runs.hpp"

namespace runs {

inline ProjectionSpec graded(std::string name, Selection source, Selection target, double p, Value weight, Value delay,
                             std::string transmits = "value") {
  return {.name = std::move(name),
          .source = {std::move(source)},
          .target = {std::move(target)},
          .connect = bernoulli(p),
          .weight = std::move(weight),
          .delay = std::move(delay),
          .port = {},
          .transmits = std::move(transmits)};
}

// All models without spikes, spiking neurons that transmit V_m and get values, one weight for all and weights of 16
// bits, rules that consolidate on values, and a signal of states.
inline NetworkSpec graded_network(Precision precision, std::uint32_t lanes, bool eager = false) {
  NetworkSpec spec;
  spec.seed = 17;
  spec.precision = precision;
  spec.lanes = lanes;
  const auto population = [&](const char* name, const char* model, std::uint32_t size,
                              std::map<std::string, Value> params, std::map<std::string, Value> initial) {
    spec.populations.push_back({.name = name,
                                .model = model,
                                .size = size,
                                .params = std::move(params),
                                .options = {},
                                .initial = std::move(initial),
                                .trains = {}});
  };
  population("U", "relay", 7, {}, {{"V_m", uniform(-1, 1)}});
  population("X", "rate_tanh", 90, {{"a", uniform(0.2, 1)}, {"I_e", uniform(-0.1, 0.1)}}, {{"r", uniform(-1, 1)}});
  population("R", "rate_sigmoid", 60, {{"c", uniform(1, 4)}, {"theta", 0.2}}, {});
  population("N", "iaf_psc_exp", 150, {{"I_e", uniform(300, 500)}}, {{"V_m", uniform(-70, -56)}});
  population("Y", "accumulator", 3, {}, {});
  spec.projections = {graded("in", all_of("U"), all_of("X"), 0.5, uniform(-1, 1), uniform(0.3, 2)),
                      graded("recurrent", all_of("X"), all_of("X"), 0.3, normal(0, 0.3), uniform(0.3, 3)),
                      graded("one_weight", slice("X", 3, 80, 7), all_of("R"), 0.4, 0.05, 0.5),
                      graded("inhibition", all_of("R"), all_of("R"), 0.4, -0.1, 0.4),
                      graded("to_spiking", all_of("R"), all_of("N"), 0.3, uniform(0, 30), 0.7),
                      graded("V_m", slice("N", 0, 150, 9), all_of("R"), 0.2, uniform(0, 1e-3), 1.1, "V_m"),
                      graded("two", all_of("R"), all_of("Y"), 0.5, uniform(-1, 1), 0.3),
                      graded("readout", all_of("X"), all_of("Y"), 0.9, uniform(-0.1, 0.1), 0.3)};
  spec.projections[1].weight_bits = 16;
  spec.projections[3].plasticity = {.rule = "ei_balance",
                                    .params = {{"eta", 0.02}, {"rho", uniform(0.2, 0.6)}, {"interval", 0.5}},
                                    .signals = {{"activity", "rates"}},
                                    .eager = eager};
  spec.projections[6].source.push_back(slice("X", 10, 40));
  spec.projections[7].plasticity = {.rule = "error_modulated",
                                    .params = {{"eta", 1e-4}, {"own", 0.0}},
                                    .signals = {{"error", "error"}, {"activity", "states"}},
                                    .eager = eager};
  spec.projections.push_back({.name = "spikes",
                              .source = {all_of("N")},
                              .target = {all_of("R"), all_of("N")},
                              .connect = bernoulli(0.2),
                              .weight = uniform(-0.1, 0.5),
                              .delay = uniform(0.3, 2),
                              .port = {}});
  spec.signals = {
      {.name = "rates", .kind = StateSignal{.neurons = {all_of("R")}, .column = "r", .interval = 0.3}},
      {.name = "states", .kind = StateSignal{.neurons = {all_of("X")}, .column = "r"}},
      {.name = "error",
       .kind = PulseSignal{.times = {10, 30, 50, 70}, .values = {{1, -1, 2, 3, 2, 1, -1, 1, 1, 2, 2, 2}, 3}}}};
  spec.inputs = {
      {.name = "wave", .kind = SineCurrent{.amplitude = uniform(0.1, 1), .frequency = 30}, .target = {all_of("U")}},
      {.name = "noise", .kind = NoiseCurrent{.deviation = 0.05}, .target = {all_of("X")}}};
  return spec;
}

}  // namespace runs
