// Factors of a three-factor rule for networks whose time is a few steps: the trace of the presynaptic neuron and the
// surrogate of what the postsynaptic spike would change with the potential.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/isa.hpp"

namespace rheo {

// One step of n neurons, after it. OTTT: Xiao et al., NeurIPS 2022 (arXiv 2210.04195).
struct EligibilityArgs {
  std::size_t n;
  const float* V_m;           // mV, after the reset
  const std::uint8_t* fired;  // 1 where the neuron spiked
  const float *decay, *V_th;  // of each neuron: what a step leaves of its trace; threshold, mV
  const float* reset;         // what a spike takes from V_m, mV
  float slope;                // of the surrogate, 1/mV
  const float* trace_before;  // nullptr: 0 everywhere
  float* trace;               // out: decay trace_before + fired
  float* post;                // out: slope s (1 - s), s = 1 / (1 + exp(-slope (V - V_th))), V as before the reset
};

void update_eligibility(Isa isa, const EligibilityArgs& args);

}  // namespace rheo
