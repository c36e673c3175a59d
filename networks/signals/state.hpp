// A state of neurons, as rules and inputs may read it.
#pragma once

#include "networks/signals/kind_of.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

struct StateSignal {
  std::vector<Selection> neurons = {};
  std::string column = {};
  double interval = 0;

  static constexpr const char* name = "state";
  static constexpr const char* summary =
      "A state of each neuron as it was after the tick before, such as a rate or V_m: a number for each.";
  static constexpr const char* source = "";
  static constexpr auto fields = rheo::fields(
      needed(in_words(field("source", &StateSignal::neurons, "", "the neurons whose state it is"), {},
                      "a population such as \"E\", or a list of them")),
      needed(in_words(field("column", &StateSignal::column, "", "which state"), {}, "a state of their models")),
      in_words(field("interval", &StateSignal::interval, "ms",
                     "time from one look to the next; in between the signal keeps its numbers", non_negative),
               "one tick", "at least one tick"));

  void check(const SignalEnds& ends) const;
  SignalPlan plan(const SignalEnds& ends) const {
    SignalPlan made{.made_by = SignalPlan::By::state, .sources = ends.rows(neurons), .column = column};
    made.width = row_count(made.sources);
    if (interval > 0) made.interval = ms_to_tick_nearest(interval, ends.network.dt);
    return made;
  }
};

inline void StateSignal::check(const SignalEnds& ends) const {
  if (neurons.empty()) reject("source", {}, "missing", "a population such as \"E\", or a list of them");
  for (const Selection& one : neurons) {
    const auto population = std::ranges::find(ends.network.populations, one.population, &PopulationSpec::name);
    const std::vector<std::string> names = names_in(neuron_model(population->model).columns);
    if (std::ranges::find(names, column) == names.end())
      reject_unknown("column", column, "unknown state of " + population->model, names);
  }
  if (interval > 0 && ms_to_tick_nearest(interval, ends.network.dt) < 1)
    reject("interval", fmt::format("{}", interval), "rounds to less than one tick",
           fmt::format("at least {} (ms)", ends.network.dt));
}

}  // namespace rheo
