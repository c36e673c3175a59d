#include "networks/delivery/dense.hpp"

namespace rheo {

RHEO_DECLARE_KERNELS(const DenseKernels<float>, dense_floats);
RHEO_DECLARE_KERNELS(const DenseKernels<double>, dense_doubles);

const DenseKernels<float>& dense_kernels(Isa isa, float) {
  return RHEO_KERNELS_FOR(isa, dense_floats);
}
const DenseKernels<double>& dense_kernels(Isa isa, double) {
  return RHEO_KERNELS_FOR(isa, dense_doubles);
}

}  // namespace rheo
