// The built-in rules, once per instruction set; they enter through the same table as those of plug-ins.
#include "core/isa.hpp"
#include "plasticity/balance.hpp"
#include "plasticity/error_modulated.hpp"
#include "plasticity/oja_lateral.hpp"
#include "plasticity/rstdp.hpp"
#include "plasticity/stdp_pair.hpp"
#include "plasticity/stdp_triplet.hpp"
#include "plasticity/tsodyks_markram.hpp"
#include "plasticity/vogels_sprekeler.hpp"

#define RHEO_JOIN_(a, b) a##_##b
#define RHEO_JOIN(a, b) RHEO_JOIN_(a, b)

namespace rheo {

const rheo_rule_list* RHEO_JOIN(builtin_rules, RHEO_ISA)() {
  return rule_list<StdpPair, StdpNearest, StdpTriplet, TsodyksMarkram, VogelsSprekeler, RewardModulatedStdp,
                   ErrorModulated, TrialModulated, EiBalance, SynapticScaling, Normalisation, OjaLateral>();
}

}  // namespace rheo
