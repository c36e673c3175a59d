#include "core/isa.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/diagnostics.hpp"

namespace rheo {

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::v3:
      return "x86-64-v3";
    case Isa::v4:
      return "x86-64-v4";
    default:
      return "base";
  }
}

std::vector<Isa> usable_isas() {
  std::vector<Isa> isas{Isa::base};
#if defined(RHEO_X86_ISAS) || defined(__x86_64__)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                  __builtin_cpu_supports("fma");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (v3) isas.push_back(Isa::v3);
  if (v4) isas.push_back(Isa::v4);
#endif
  return isas;
}

Isa chosen_isa() {
  const std::vector<Isa> isas = usable_isas();
#if defined(RHEO_ONLY_ISA)  // kernels for one level, which another machine may not have
  if (std::find(isas.begin(), isas.end(), Isa::RHEO_ONLY_ISA) == isas.end())
    reject({}, std::string(name_of(isas.back())), "is this processor, and this build of rheo is for another one",
           std::string(name_of(Isa::RHEO_ONLY_ISA)) + ", or a build for all (cmake --preset release -DRHEO_ONE_ISA=)");
#endif
  if (const char* wish = std::getenv("RHEO_ISA"); wish != nullptr) {
    for (const Isa isa : isas) {
      const std::string_view name = name_of(isa);
      if (name == wish || (name.size() > 3 && name.substr(name.size() - 2) == wish)) return isa;
    }
  }
  return isas.back();
}

}  // namespace rheo
