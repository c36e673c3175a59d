#include "neurons/kernels/kernels.hpp"

namespace rheo {

RHEO_DECLARE_KERNELS(const Kernels, kernels);

const Kernels& kernels(Isa isa) {
  return RHEO_KERNELS_FOR(isa, kernels);
}

}  // namespace rheo
