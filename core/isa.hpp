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

}  // namespace rheo
