// Compiled once per instruction set; everything is inlined or in a namespace of its own.
#include "plasticity/layers/lateral_step.hpp"

#define RHEO_LATERAL_NAME_(isa) lateral_step_##isa
#define RHEO_LATERAL_NAME(isa) RHEO_LATERAL_NAME_(isa)

namespace rheo {

void RHEO_LATERAL_NAME(RHEO_ISA)(const LateralStep& args);

void RHEO_LATERAL_NAME(RHEO_ISA)(const LateralStep& args) {
  const float* __restrict const change = args.change;
  float* __restrict const momentum = args.momentum;
  float* __restrict const H = args.H;
  const float keep = args.keep, take = args.take, rate = args.rate, clip = args.clip;
  for (std::size_t i = 0; i < args.n; ++i) {
    const float x = change[i], low = x < -clip ? -clip : x, clipped = low > clip ? clip : low;
    momentum[i] = keep * momentum[i] + take * clipped;
    H[i] += rate * momentum[i];
  }
}

}  // namespace rheo
