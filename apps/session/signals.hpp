// Ctrl-C and a scheduler's warning end a run in order: what was recorded is sealed. Between pieces of a run the caller
// asks stop_requested().
#pragma once

#include <csignal>
#include <vector>

namespace rheo {

// While it lives, SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 (warnings of schedulers before they end a job), SIGXCPU (the
// processor time that ulimit -t allows is over) and SIGHUP, unless nohup ignores it, only take a note. A second SIGINT
// does what it does without us: the process ends at once.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool stop_requested() const;
  const char* name() const;  // "SIGINT"; "" when none came

 private:
  struct Previous {
    int signal;
    struct sigaction action;
  };
  std::vector<Previous> previous_;
};

}  // namespace rheo
