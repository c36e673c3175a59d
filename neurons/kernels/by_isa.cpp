#include "neurons/kernels/kernels.hpp"

namespace rheo {

extern const Kernels kernels_base;
#if defined(RHEO_X86_ISAS)
extern const Kernels kernels_v3;
extern const Kernels kernels_v4;
#endif

const Kernels& kernels(Isa isa) {
#if defined(RHEO_X86_ISAS)
  if (isa == Isa::v4) return kernels_v4;
  if (isa == Isa::v3) return kernels_v3;
#else
  static_cast<void>(isa);
#endif
  return kernels_base;
}

}  // namespace rheo
