// For functions that must be inlined: those of kernels are compiled once per instruction set, and a copy that is not
// inlined could be shared between them by the linker.
#pragma once

#define RHEO_INLINE [[gnu::always_inline]] inline
#define RHEO_INLINE_LAMBDA __attribute__((always_inline))  // between parameters and body
