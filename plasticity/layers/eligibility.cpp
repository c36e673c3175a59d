#include "plasticity/layers/eligibility.hpp"

namespace rheo {

using UpdateEligibility = void(const EligibilityArgs& args);
RHEO_DECLARE_KERNELS(UpdateEligibility, eligibility);

void update_eligibility(Isa isa, const EligibilityArgs& args) {
  RHEO_KERNELS_FOR(isa, eligibility)(args);
}

}  // namespace rheo
