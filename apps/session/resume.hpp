// Goes on with a run that was killed or stopped, from its newest whole checkpoint.
#pragma once

#include <optional>
#include <string>

namespace rheo {

struct ResumeOptions {
  std::string directory;                   // output directory of the run
  std::string experiment;                  // empty: where it was when the run began
  std::optional<double> checkpoint_every;  // s of wall time; nothing: as the run was started
  unsigned threads = 0;
  bool quiet = false, profile = false, pin = false;
};

// Returns the exit code, as run_experiment() does. Throws UserError.
int resume_run(const ResumeOptions& options);

}  // namespace rheo
