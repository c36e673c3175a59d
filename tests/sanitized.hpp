// Whether sanitizers watch, which makes everything ten times slower: tests of numbers, not of memory or threads, are
// then shortened or skipped.
#pragma once

#if defined(RHEO_SANITIZED)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
