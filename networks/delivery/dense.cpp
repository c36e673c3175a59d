#include "networks/delivery/dense.hpp"

namespace rheo {

extern const DenseKernels<float> dense_floats_base;
extern const DenseKernels<double> dense_doubles_base;
#if defined(RHEO_X86_ISAS)
extern const DenseKernels<float> dense_floats_v3, dense_floats_v4;
extern const DenseKernels<double> dense_doubles_v3, dense_doubles_v4;
#endif

const DenseKernels<float>& dense_kernels(Isa isa, float) {
#if defined(RHEO_X86_ISAS)
  if (isa == Isa::v4) return dense_floats_v4;
  if (isa == Isa::v3) return dense_floats_v3;
#else
  static_cast<void>(isa);
#endif
  return dense_floats_base;
}

const DenseKernels<double>& dense_kernels(Isa isa, double) {
#if defined(RHEO_X86_ISAS)
  if (isa == Isa::v4) return dense_doubles_v4;
  if (isa == Isa::v3) return dense_doubles_v3;
#else
  static_cast<void>(isa);
#endif
  return dense_doubles_base;
}

}  // namespace rheo
