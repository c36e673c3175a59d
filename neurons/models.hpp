// The list of neuron models. A model with options stands here once per combination of choices, the first option's
// choice changing slowest.
#pragma once

#include <tuple>

#include "neurons/iaf_psc_alpha.hpp"
#include "neurons/iaf_psc_delta.hpp"
#include "neurons/izhikevich.hpp"

namespace rheo {

template <class Real>
using NeuronModels =
    std::tuple<IafPscDelta<Real>, IafPscAlpha<Real>, Izhikevich<Real, 0, 0>, Izhikevich<Real, 0, 1>,
               Izhikevich<Real, 1, 0>, Izhikevich<Real, 1, 1>, Izhikevich<Real, 2, 0>, Izhikevich<Real, 2, 1>>;

inline constexpr std::size_t neuron_model_count = std::tuple_size_v<NeuronModels<float>>;

}  // namespace rheo
