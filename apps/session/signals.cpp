#include "apps/session/signals.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace rheo {

namespace {

// A signal handler can reach nothing but static storage; one process has one set of signals.
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);

void note(int signal) {
  received.store(signal);
  if (signal != SIGINT) return;
  const int interrupted_errno = errno;
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGINT, &action, nullptr);
  constexpr char text[] = "\nrheo: stopping and keeping what was recorded; Ctrl-C once more ends at once\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
  errno = interrupted_errno;
}

}  // namespace

StopSignals::StopSignals() {
  received.store(0);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP, SIGXCPU}) {
    struct sigaction action {};
    action.sa_handler = note;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    Previous previous{signal, {}};
    if (sigaction(signal, nullptr, &previous.action) != 0) continue;
    if (signal == SIGHUP && previous.action.sa_handler == SIG_IGN) continue;
    if (sigaction(signal, &action, nullptr) == 0) previous_.push_back(previous);
  }
}

StopSignals::~StopSignals() {
  for (const Previous& previous : previous_) sigaction(previous.signal, &previous.action, nullptr);
}

bool StopSignals::stop_requested() const {
  return received.load() != 0;
}

const char* StopSignals::name() const {
  switch (received.load()) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGUSR2:
      return "SIGUSR2";
    case SIGHUP:
      return "SIGHUP";
    case SIGXCPU:
      return "SIGXCPU";
    default:
      return "";
  }
}

}  // namespace rheo
