// The list of neuron models. A model with options stands here once per combination of choices, the first option's
// choice changing slowest.
#pragma once

#include <tuple>

#include "neurons/models/aeif.hpp"
#include "neurons/models/iaf_cond_exp.hpp"
#include "neurons/models/iaf_psc_alpha.hpp"
#include "neurons/models/iaf_psc_delta.hpp"
#include "neurons/models/iaf_psc_exp.hpp"
#include "neurons/models/iaf_psc_exp_adapt.hpp"
#include "neurons/models/izhikevich.hpp"
#include "neurons/models/izhikevich_2007.hpp"
#include "neurons/models/lif_discrete.hpp"
#include "neurons/models/rate.hpp"
#include "neurons/models/relay.hpp"

namespace rheo {

template <class Real>
using NeuronModels =
    std::tuple<IafPscDelta<Real>, IafPscExp<Real>, IafPscAlpha<Real>, IafPscExpAdapt<Real>, IafCondExp<Real>,
               Aeif<Real, false>, Aeif<Real, true>, Izhikevich<Real, 0, 0>, Izhikevich<Real, 0, 1>,
               Izhikevich<Real, 0, 2>, Izhikevich<Real, 1, 0>, Izhikevich<Real, 1, 1>, Izhikevich<Real, 1, 2>,
               Izhikevich<Real, 2, 0>, Izhikevich<Real, 2, 1>, Izhikevich<Real, 2, 2>, Izhikevich2007<Real, 0>,
               Izhikevich2007<Real, 1>, Izhikevich2007<Real, 2>, LifDiscrete<Real>, Relay<Real>, Accumulator<Real>,
               RateSigmoid<Real>, RateTanh<Real>>;

inline constexpr std::size_t neuron_model_count = std::tuple_size_v<NeuronModels<float>>;

}  // namespace rheo
