// A network with every kind of signal, and every rule that reads one or consolidates.
#pragma once

#include <random>
#include <string>

#include "tests/property/network_runs.hpp"

namespace runs {

inline std::vector<double> list_of(std::uint32_t size, double low, double high, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> all;
  for (std::uint32_t i = 0; i < size; ++i)
    all.push_back(low + (high - low) * static_cast<double>(random() % 1024) / 1024);
  return all;
}

inline ProjectionSpec learning_from(std::string name, Selection source, Selection target, double p, Value weight,
                                    Value delay, const char* rule, std::map<std::string, Value> params) {
  return {.name = std::move(name),
          .source = {std::move(source)},
          .target = {std::move(target)},
          .connect = bernoulli(p),
          .weight = std::move(weight),
          .delay = std::move(delay),
          .port = {},
          .plasticity = {.rule = rule, .params = std::move(params)}};
}

// Every kind of signal, dose and sweep; `lateral` publishes what `readout` reads. Time constants are short, so that
// many epochs of doses pass.
inline NetworkSpec guided(Precision precision, std::uint32_t lanes, bool eager) {
  NetworkSpec spec;
  spec.seed = 9;
  spec.precision = precision;
  spec.lanes = lanes;
  spec.populations = {{.name = "S",
                       .model = "spike_source",
                       .size = 30,
                       .params = {},
                       .options = {},
                       .initial = {},
                       .trains = trains(30, 5000, 150, spec.dt, 6)},
                      {.name = "N",
                       .model = "iaf_psc_exp",
                       .size = 60,
                       .params = {{"I_e", uniform(300, 500)}},
                       .options = {},
                       .initial = {{"V_m", uniform(-70, -56)}},
                       .trains = {}},
                      {.name = "R",
                       .model = "iaf_psc_delta",
                       .size = 21,
                       .params = {{"I_e", uniform(200, 500)}},
                       .options = {},
                       .initial = {},
                       .trains = {}}};
  spec.signals = {
      {.name = "dopamine",
       .kind = FilteredSignal{.neurons = {slice("N", 0, 60, 7)},
                              .tau = 15,
                              .delay = uniform(0.7, 30),
                              .amplitude = 0.05,
                              .baseline = 0.02}},
      {.name = "error",
       .kind = PulseSignal{.times = {10, 40.2, 90, 130, 200, 230}, .values = {list_of(126, -1, 1, 1), 21}}},
      {.name = "gate", .kind = StepSignal{.times = {5, 60}, .values = {list_of(42, 0, 1, 2), 21}}},
      {.name = "sample", .kind = PulseSignal{.times = {20, 21, 150, 220}, .values = {{1, 0.5, 2, 1}}, .tau = 3}},
      {.name = "rows", .kind = StepSignal{.times = {0, 100}, .values = {list_of(42, -1, 1, 3), 21}}},
      {.name = "clean", .kind = PublishedSignal{.projection = "lateral"}},
      {.name = "trial", .kind = PulseSignal{.times = {30, 130, 131, 230}, .values = {{1, -1, 1, -1}}}}};
  spec.projections = {
      learning_from("rewarded", all_of("N"), all_of("N"), 0.2, uniform(1, 30), uniform(0.6, 9), "rstdp",
                    {{"tau_c", 12.0}, {"A_plus", 3.0}, {"A_minus", 2.0}, {"w_max", 40.0}}),
      learning_from("lateral", all_of("S"), all_of("R"), 0.7, normal(0, 0.2), 1.1, "oja_lateral",
                    {{"eta", 0.02}, {"tau", 30.0}}),
      learning_from("readout", all_of("S"), all_of("R"), 0.5, normal(0, 1), uniform(0.5, 4), "error_modulated",
                    {{"eta", 0.5}, {"own", 0.5}}),
      learning_from("trials", all_of("N"), all_of("R"), 0.3, normal(0, 1), uniform(0.5, 4), "error_modulated_trial",
                    {{"T", 100.0}, {"eta", 0.05}}),
      learning_from("balance", all_of("N"), all_of("N"), 0.2, uniform(-20, -1), uniform(0.5, 4), "ei_balance",
                    {{"tau", 50.0}, {"eta", 0.1}, {"rho", uniform(5, 30)}, {"interval", 7.3}}),
      learning_from("scaled", all_of("S"), all_of("N"), 0.5, uniform(5, 30), uniform(0.5, 4), "synaptic_scaling",
                    {{"tau", 50.0}, {"eta", 1e-3}, {"rho", 20.0}, {"interval", 11.0}}),
      learning_from("kept", all_of("S"), all_of("N"), 0.4, uniform(1, 30), uniform(0.5, 4), "normalisation",
                    {{"total", uniform(50, 150)}, {"interval", 13.0}}),
      learning_from("sum", all_of("S"), all_of("N"), 0.3, uniform(1, 30), uniform(0.5, 4), "stdp_pair",
                    {{"w_max", 50.0}})};
  spec.projections[2].plasticity.signals = {{"activity", "clean"}};
  for (ProjectionSpec& projection : spec.projections) projection.plasticity.eager = eager;
  return spec;
}

}  // namespace runs
