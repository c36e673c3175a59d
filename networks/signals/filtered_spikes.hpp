// Spikes that arrive after a delay and decay.
#pragma once

#include "networks/signals/kind_of.hpp"

namespace rheo {

struct FilteredSignal {
  std::vector<Selection> neurons = {};
  double tau = 0;
  Value delay = 1.0;
  double amplitude = 1;
  double baseline = 0;

  static constexpr int number = 0;
  static constexpr const char* name = "filtered_spikes";
  static constexpr const char* summary = "Grows by `amplitude` when a spike arrives, and decays with `tau`.";
  static constexpr const char* source = "";
  static constexpr auto fields = rheo::fields(
      needed(in_words(field("source", &FilteredSignal::neurons, "", "the neurons whose spikes count"), {},
                      "a population such as \"reward\", or a list of them")),
      in_words(field("tau", &FilteredSignal::tau, "ms", "time constant of the decay", non_negative),
               "0: it lasts one tick", {}),
      in_words(field("delay", &FilteredSignal::delay, "ms",
                     "time between emission and arrival; a distribution is drawn for each spike", non_negative),
               {}, "at least one tick, or a distribution"),
      field("amplitude", &FilteredSignal::amplitude, "", "of one spike"),
      signal_fields::baseline(&FilteredSignal::baseline, "is added"));

  void check(const SignalEnds& ends) const;
  SignalPlan plan(const SignalEnds& ends) const {
    return {.made_by = SignalPlan::By::spikes,
            .tau = tau,
            .sources = ends.rows(neurons),
            .delay = delay,
            .amplitude = amplitude,
            .key = ends.key("signal.delay")};
  }
};

inline void FilteredSignal::check(const SignalEnds& ends) const {
  if (neurons.empty()) reject("source", {}, "missing", "a population such as \"reward\", or a list of them");
  if (std::holds_alternative<std::vector<double>>(delay))
    reject("delay", "a list", "not for spikes", "a number or a distribution");
  if (std::holds_alternative<PairValue>(delay))
    reject("delay", {}, "depends on source and target", "a number or a distribution");
  const auto* const drawn = std::get_if<Distribution>(&delay);
  if (drawn != nullptr) {
    RandomStream stream(ends.key("signal.delay"), 0);
    within("delay", [&] { return draw(*drawn, stream); });  // or it fails in the midst of a run
  }
  const double least = drawn == nullptr ? std::get<double>(delay) : reach(*drawn).low, dt = ends.network.dt;
  if (ms_to_tick_nearest(least, dt) >= 1) return;
  if (drawn == nullptr)
    reject("delay", fmt::format("{}", least), "rounds to less than one tick", fmt::format("at least {} (ms)", dt));
  reject("delay", fmt::format("from {}", least), "can be drawn as less than one tick",
         fmt::format("a distribution with min = {} or more (ms)", dt));
}

}  // namespace rheo
