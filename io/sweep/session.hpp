// Processes that work on a sweep, one after another or side by side.
#pragma once

#include <cstdint>
#include <string>

#include "io/files/claim.hpp"

namespace rheo {

// A process that works on a sweep changes the time of its journal at least so often; where that is this much older than
// now, a process of another host is taken for dead. Clocks of a cluster agree better than that: Slurm's munge needs it.
inline constexpr double seconds_between_heartbeats = 20, seconds_until_dead = 300;

// One start of rheo sweep.
struct SweepSession : ProcessName {
  std::string share;
  std::string job;  // of a scheduler: "123_4"; may be empty
  unsigned jobs = 0;
  double began = 0, latest = 0;  // s since 1970: its first line, and its last
  double heartbeat = 0;          // s since 1970: when its journal was last touched
  std::uint64_t ended_points = 0;
  bool ended = false;

  // Still at work. One on another host counts as such until it says that it ended, or its journal has not been touched
  // for seconds_until_dead.
  bool is_live() const;
};

// This process as a session.
SweepSession own_session(const std::string& share, const std::string& job, unsigned jobs);
// A share that no other process has: host, process and when it began.
std::string share_of_process(const SweepSession& session);
std::string own_share();

double seconds_since_1970();

}  // namespace rheo
