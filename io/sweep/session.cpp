#include "io/sweep/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "io/files/claim.hpp"
#include "io/files/provenance.hpp"

namespace rheo {

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool SweepSession::is_live() const {
  if (ended) return false;
  if (host == host_name()) return rheo::process_began(process) == process_began;
  return seconds_since_1970() - heartbeat < seconds_until_dead;
}

SweepSession own_session(const std::string& share, const std::string& job, unsigned jobs) {
  SweepSession session;
  session.share = share;
  session.host = host_name();
  session.job = job;
  session.process = ::getpid();
  session.process_began = process_began(::getpid());
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
