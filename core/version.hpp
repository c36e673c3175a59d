// The version of Rheobase, as results, checkpoints and rheo --version name it.
#pragma once

namespace rheo {

#ifdef RHEO_VERSION
inline constexpr const char* version = RHEO_VERSION;
#else
inline constexpr const char* version = "0.1.0";
#endif

}  // namespace rheo
