// Numbers that the rule of a projection makes.
#pragma once

#include "networks/signals/kind_of.hpp"

namespace rheo {

struct PublishedSignal {
  std::string projection = {};

  static constexpr int number = 3;
  static constexpr const char* name = "published";
  static constexpr const char* summary = "What the rule of a projection makes: a number for each of its sources.";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(needed(in_words(field("projection", &PublishedSignal::projection, "", "whose rule it is"), {},
                                   "the name of a projection whose rule publishes a signal")));
  void check(const SignalEnds& ends) const;
  SignalPlan plan(const SignalEnds&) const { return {.made_by = SignalPlan::By::rule}; }
};

inline void PublishedSignal::check(const SignalEnds& ends) const {
  std::vector<std::string> names;
  for (const ProjectionSpec& one : ends.network.projections) {
    names.push_back(one.name);
    if (one.name != projection) continue;
    if (one.plasticity.rule.empty())
      reject("projection", "\"" + projection + "\"", "has no plasticity", "one whose rule publishes a signal");
    return;
  }
  reject("projection", "\"" + projection + "\"", "no such projection",
         names.empty() ? "a projection" : fmt::format("one of {}", fmt::join(names, ", ")), nearest(projection, names));
}

}  // namespace rheo
