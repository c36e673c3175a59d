// Compiled once per instruction set; everything is inlined or in a namespace of its own.
#include "core/inline.hpp"
#include "core/math.hpp"
#include "plasticity/layers/eligibility.hpp"

#define RHEO_ELIGIBILITY_NAME_(isa) eligibility_##isa
#define RHEO_ELIGIBILITY_NAME(isa) RHEO_ELIGIBILITY_NAME_(isa)

namespace rheo {

void RHEO_ELIGIBILITY_NAME(RHEO_ISA)(const EligibilityArgs& args);

void RHEO_ELIGIBILITY_NAME(RHEO_ISA)(const EligibilityArgs& args) {
  const float* __restrict const V_m = args.V_m;
  const std::uint8_t* __restrict const fired = args.fired;
  const float* __restrict const decay = args.decay;
  const float* __restrict const V_th = args.V_th;
  const float* __restrict const reset = args.reset;
  const float* __restrict const before = args.trace_before;
  float* __restrict const trace = args.trace;
  float* __restrict const post = args.post;
  const float slope = args.slope;
  if (before == nullptr) {
    for (std::size_t i = 0; i < args.n; ++i) trace[i] = static_cast<float>(fired[i]);
  } else {
    for (std::size_t i = 0; i < args.n; ++i) trace[i] = decay[i] * before[i] + static_cast<float>(fired[i]);
  }
  for (std::size_t i = 0; i < args.n; ++i) {
    const float V = V_m[i] + reset[i] * static_cast<float>(fired[i]);
    const float s = 1.0f / (1.0f + math::exp(-slope * (V - V_th[i])));
    post[i] = slope * s * (1.0f - s);
  }
}

}  // namespace rheo
