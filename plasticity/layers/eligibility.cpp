#include "plasticity/layers/eligibility.hpp"

namespace rheo {

void eligibility_base(const EligibilityArgs& args);
#if defined(RHEO_X86_ISAS)
void eligibility_v3(const EligibilityArgs& args);
void eligibility_v4(const EligibilityArgs& args);
#endif

void update_eligibility(Isa isa, const EligibilityArgs& args) {
#if defined(RHEO_X86_ISAS)
  if (isa == Isa::v4) return eligibility_v4(args);
  if (isa == Isa::v3) return eligibility_v3(args);
#else
  static_cast<void>(isa);
#endif
  eligibility_base(args);
}

}  // namespace rheo
