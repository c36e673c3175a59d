// How much memory there is, so that a network that cannot fit is refused with numbers before anything is allocated.
#pragma once

#include <cstdint>

namespace rheo {

// Bytes that this process may use: the machine's memory, or the limit of its control group or its own (ulimit) where
// that is lower.
std::uint64_t usable_memory();

}  // namespace rheo
