// Exit codes are part of the interface: schedulers and scripts act on them (75 is EX_TEMPFAIL: run it again).
#pragma once

namespace rheo {

inline constexpr int exit_other_error = 1;
inline constexpr int exit_user_error = 2;
inline constexpr int exit_interrupted = 75;

}  // namespace rheo
