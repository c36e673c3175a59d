// The kinds of inputs: what the experiment file may say and what docs/inputs.md explains.
#pragma once

#include <memory>
#include <vector>

#include "networks/inputs/current.hpp"
#include "networks/inputs/kind_of.hpp"
#include "networks/inputs/noise.hpp"
#include "networks/inputs/poisson.hpp"
#include "networks/inputs/pulse_packet.hpp"
#include "networks/inputs/sine.hpp"
#include "networks/inputs/spikes.hpp"
#include "networks/inputs/steps.hpp"

namespace rheo {

// Whoever adds a kind writes a file like those above and adds its name here.
template <template <class...> class To>
using ForEachInputKind =
    To<PoissonSpikes, GivenSpikes, ConstantCurrent, StepCurrent, SineCurrent, NoiseCurrent, PulsePackets>;

// One of each, with the defaults of its fields, in the order of the manual.
const std::vector<std::unique_ptr<const InputKind>>& input_kinds();

}  // namespace rheo
