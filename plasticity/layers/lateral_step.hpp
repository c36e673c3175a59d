// One step of lateral weights along what they learnt, with momentum (lateral_subspace.hpp).
#pragma once

#include <cstddef>

#include "core/isa.hpp"

namespace rheo {

// momentum = keep momentum + take change, change within +-clip; H += rate momentum. n numbers each.
struct LateralStep {
  std::size_t n;
  const float* change;
  float *momentum, *H;
  float keep, take, rate, clip;
};

void lateral_step(Isa isa, const LateralStep& args);

}  // namespace rheo
