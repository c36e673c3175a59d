// The built-in rules, once per instruction set; they enter through the same table as those of plug-ins.
#include "core/isa.hpp"
#include "plasticity/rules/balance.hpp"
#include "plasticity/rules/error_modulated.hpp"
#include "plasticity/rules/oja_lateral.hpp"
#include "plasticity/rules/rstdp.hpp"
#include "plasticity/rules/stdp_pair.hpp"
#include "plasticity/rules/stdp_triplet.hpp"
#include "plasticity/rules/tsodyks_markram.hpp"
#include "plasticity/rules/vogels_sprekeler.hpp"

#define RHEO_JOIN_(a, b) a##_##b
#define RHEO_JOIN(a, b) RHEO_JOIN_(a, b)

namespace rheo {

const rheo_rule_list* RHEO_JOIN(builtin_rules, RHEO_ISA)() {
  return rule_list<StdpPair, StdpNearest, StdpTriplet, TsodyksMarkram, VogelsSprekeler, RewardModulatedStdp,
                   ErrorModulated, TrialModulated, EiBalance, SynapticScaling, Normalisation, OjaLateral>();
}

}  // namespace rheo
