#include "io/sweep/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace rheo {

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool SweepSession::is_live() const {
  if (ended) return false;
  if (is_of_this_host()) return ProcessName::is_live();
  return seconds_since_1970() - heartbeat < seconds_until_dead;
}

SweepSession own_session(const std::string& share, const std::string& job, unsigned jobs) {
  SweepSession session;
  static_cast<ProcessName&>(session) = own_process();
  session.share = share;
  session.job = job;
  session.jobs = jobs;
  return session;
}

std::string share_of_process(const SweepSession& session) {
  std::string host = session.host;
  std::replace(host.begin(), host.end(), '/', '_');
  return fmt::format("{}-{}-{}", host, session.process, session.process_began);
}

std::string own_share() {
  return share_of_process(own_session({}, {}, 0));
}

}  // namespace rheo
