// Slurm as its commands show it: sbatch, squeue, scontrol.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace rheo {

struct ProgramOutcome {
  bool started = false;
  int code = 0;  // of its exit; 128 + signal where one ended it
  std::string out, err;
};
// Runs a program that is found by PATH, and waits for it.
ProgramOutcome run_program(const std::vector<std::string>& words);

// A text as one word of a shell, on one line. Only a text with control characters needs a shell that knows $'..', as
// bash, zsh and ksh do.
std::string shell_word(const std::string& text);

namespace slurm {

// What a user may say about an array; empty: as the site has it.
struct ArrayOptions {
  std::string partition, account, time, memory;
  std::optional<std::uint64_t> throttle;       // tasks at a time
  std::optional<std::uint64_t> signal_before;  // s before the limit
  bool requeue = true;
  std::vector<std::string> extra;  // "--constraint=avx512"
};

// Seconds of "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours", "days-hours:minutes" or
// "days-hours:minutes:seconds"; infinity of "UNLIMITED"; nothing where it is none of them, or no time at all.
std::optional<double> time_limit(const std::string& text);

// Throws UserError that names the option.
void check(const ArrayOptions& options);

struct Array {
  std::string name;              // of the job
  std::filesystem::path folder;  // for its logs
  std::uint64_t tasks = 0;
  unsigned processors = 1;           // of each task
  std::vector<std::string> command;  // run by each, with " --task <number of the task>" behind
};
// Throws UserError where a path cannot be written into a script.
std::string script(const Array& array, const ArrayOptions& options);

// The job's number. Throws UserError, with what sbatch says.
std::string submit(const std::filesystem::path& script);

// "12_3" of all tasks that wait or run; nothing where Slurm does not answer.
std::optional<std::unordered_set<std::string>> queued_tasks();

// Tasks of the largest array.
std::uint64_t max_tasks();

// "12_3", "12", or "" outside of a job.
std::string own_job();

// Has the own job run again, unless it was cancelled or is requeued by Slurm itself. To be called at the very end:
// Slurm kills the job. What went wrong, or "".
std::string requeue_own_job();

}  // namespace slurm
}  // namespace rheo
