// Numbers that are set while the network runs.
#pragma once

#include "networks/signals/kind_of.hpp"

namespace rheo {

struct TaskSignal {
  std::uint32_t width = 1;
  double baseline = 0;

  static constexpr int number = 2;
  static constexpr const char* name = "task";
  static constexpr const char* summary = "What a task, or a program that embeds Rheobase, sets while it runs.";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(field("width", &TaskSignal::width, "", "how many numbers", {1, 4294967294.0}),
                   signal_fields::baseline(&TaskSignal::baseline, "stands where nothing is set"));
  void check(const SignalEnds&) const {}
  SignalPlan plan(const SignalEnds&) const { return {.made_by = SignalPlan::By::program}; }
};

}  // namespace rheo
