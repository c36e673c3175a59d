// Instruction sets that the kernels are compiled for. All give the same bits; the choice is made at run time.
#pragma once

#include <string_view>
#include <vector>

namespace rheo {

// base: the architecture's minimum; v3, v4: the x86-64 levels (AVX2; AVX-512).
enum class Isa { base, v3, v4 };

std::string_view name_of(Isa isa);
// What this processor can run, ascending.
std::vector<Isa> usable_isas();
// The best of them, or what the environment variable RHEO_ISA (base, v3, v4) asks for, if the processor can run it.
Isa chosen_isa();

template <class Kernels>
Kernels& kernels_for(Isa isa, Kernels& base, Kernels& v3, Kernels& v4) {
  return isa == Isa::v4 ? v4 : isa == Isa::v3 ? v3 : base;
}

}  // namespace rheo

// Objects or functions NAME_base and, for x86-64, NAME_v3 and NAME_v4, which are compiled elsewhere; and one of them.
#define RHEO_DECLARE_KERNELS(Type, name) extern Type name##_base, name##_v3, name##_v4
#if defined(RHEO_X86_ISAS)
#define RHEO_KERNELS_FOR(isa, name) ::rheo::kernels_for(isa, name##_base, name##_v3, name##_v4)
#else
#define RHEO_KERNELS_FOR(isa, name) (static_cast<void>(isa), name##_base)
#endif
