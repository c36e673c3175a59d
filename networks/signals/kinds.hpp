// The kinds of signals: what the experiment file may say and what docs/signals.md explains.
#pragma once

#include <memory>
#include <vector>

#include "networks/signals/expression.hpp"
#include "networks/signals/filtered_spikes.hpp"
#include "networks/signals/kind_of.hpp"
#include "networks/signals/published.hpp"
#include "networks/signals/pulses.hpp"
#include "networks/signals/state.hpp"
#include "networks/signals/steps.hpp"
#include "networks/signals/task.hpp"

namespace rheo {

// Whoever adds a kind writes a file like those above and adds its name here.
template <template <class...> class To>
using ForEachSignalKind =
    To<FilteredSignal, StateSignal, StepSignal, PulseSignal, ExpressionSignal, PublishedSignal, TaskSignal>;

// One of each, with the defaults of its fields, in the order of the manual.
const std::vector<std::unique_ptr<const SignalKind>>& signal_kinds();

}  // namespace rheo
