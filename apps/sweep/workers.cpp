#include "apps/sweep/workers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <filesystem>
#include <new>
#include <optional>

#include "apps/session/exit_codes.hpp"
#include "apps/session/run.hpp"
#include "apps/session/summary.hpp"
#include "core/diagnostics.hpp"
#include "io/files/file_lock.hpp"
#include "io/files/recording.hpp"
#include "io/files/run_files.hpp"
#include "io/h5/h5.hpp"
#include "io/record/checkpoint.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

// How a point's process ends where it could not leave a record; what it said is on its stderr.
constexpr int exit_files_changed = 101, exit_no_record = 102;

// Runs a point in its folder, from its newest checkpoint where there is one that fits; returns the exit code of the
// run.
int run_point(const Sweep& sweep, std::uint64_t point, const fs::path& folder, const SweepOptions& options) {
  RunOptions run;
  run.file = sweep.path();
  run.overrides = sweep.overrides(point);
  run.plugins = sweep.plugins();
  run.out = folder;
  run.threads = options.threads;
  run.checkpoint_every = options.checkpoint_every;
  run.quiet = true;
  run.keep_settings = false;  // one and the same for all points
  if (const std::vector<fs::path> checkpoints = find_checkpoints(folder); !checkpoints.empty()) {
    // The claim of the sweep says whose the point is, and knows of schedulers and their jobs: one that a process of
    // another host left in the folder says nothing more.
    std::error_code ignored;
    fs::remove(folder / (std::string(directory_lock) + ".claim"), ignored);
    const FileLock lock = lock_directory(folder);
    for (const fs::path& file : checkpoints) {
      try {
        run.checkpoint = file;
        return resume_experiment(run, read_checkpoint(file));
      } catch (const NumericalError&) {
        throw;
      } catch (const UserError&) {  // damaged, or of a file that has changed since
      }
    }
  }
  fs::remove_all(folder);
  run.checkpoint.clear();
  return run_experiment(run);
}

PointRecord record_of_run(const Sweep& sweep, const SweepFolder& folder, const SweepWork& work,
                          const SweepOptions& options) {
  PointRecord record;
  record.hash = work.hash;
  try {
    const int code = run_point(sweep, work.point, folder.point(work.hash), options);
    record.state = code == 0 ? PointState::finished : PointState::interrupted;
  } catch (const UserError& error) {
    record.state = PointState::failed;
    record.error = to_message(sweep.locate(error.complaint()));
  } catch (const std::bad_alloc&) {
    record.state = PointState::failed;
    record.error = "out of memory";
  } catch (const std::exception& error) {
    record.state = PointState::failed;
    record.error = fmt::format("internal error: {}", error.what());
  }
  record.time = seconds_since_1970();
  add_report(record, folder.point(work.hash));
  return record;
}

PointRecord running_record(const SweepWork& work) {
  PointRecord record;
  record.hash = work.hash;
  record.state = PointState::running;
  record.time = seconds_since_1970();
  return record;
}

// The processes of the points that are running, one each: what crashes, leaks or takes memory is one point's. This
// process stays without threads, so that it may fork.
class Workers {
 public:
  Workers(const Sweep& sweep, const Stamps& stamps, const SweepFolder& folder, const SweepOptions& options)
      : sweep_(sweep), stamps_(stamps), folder_(folder), options_(options) {
    std::signal(SIGCHLD, SIG_DFL);  // ignored, children would vanish without a word
    sigemptyset(&child_ended_);
    sigaddset(&child_ended_, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended_, &mask_before_);
    h5::start_library();
  }
  ~Workers() {
    while (!running_.empty()) {
      stop();
      wait();
      for (std::size_t i = running_.size(); i-- > 0;)
        if (::waitpid(running_[i].process, nullptr, WNOHANG) != 0) forget(i);
    }
    sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  std::size_t count() const { return running_.size(); }

  // False where the system has no room for another process now.
  bool start(const SweepWork& work) {
    const int output = ::memfd_create("rheo point", MFD_CLOEXEC);
    const pid_t parent = ::getpid(), process = ::fork();
    if (process < 0) {
      ::close(output);
      return false;
    }
    if (process == 0) run(work, parent, output);
    running_.push_back({process, output, work});
    return true;
  }

  // Asks all to stop in order. To be repeated: a process that has only just begun may miss it.
  void stop() const {
    for (const Running& one : running_) ::kill(one.process, SIGTERM);
  }

  // Returns when a process has ended or a signal came, or soon.
  void wait() const {
    const timespec soon{0, 200'000'000};
    ::sigtimedwait(&child_ended_, nullptr, &soon);
  }

  // What became of points whose processes have ended.
  std::vector<PointRecord> ended() {
    std::vector<PointRecord> records;
    for (std::size_t i = running_.size(); i-- > 0;) {
      int status = 0;
      if (::waitpid(running_[i].process, &status, WNOHANG) == 0) continue;
      const SweepWork work = running_[i].work;
      const std::string said = output(running_[i].output);
      forget(i);
      records.push_back(record_of(work, status, said));
    }
    return records;
  }

 private:
  struct Running {
    pid_t process;
    int output;  // a file in memory: its stdout and stderr
    SweepWork work;
  };

  void forget(std::size_t i) {
    if (running_[i].output >= 0) ::close(running_[i].output);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  // In the point's process.
  [[noreturn]] void run(const SweepWork& work, pid_t parent, int output) const {
    const auto leave = [](int code, const std::string& message) {
      std::fwrite(message.data(), 1, message.size(), stderr);
      std::fflush(nullptr);
      ::_exit(code);
    };
    // Whoever starts the sweep again must not find processes of an earlier one at work.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(exit_no_record);
    sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    if (output >= 0) {
      ::dup2(output, 1);
      ::dup2(output, 2);
    }
    try {
      std::string changed = stamps_.changed();
      if (changed.empty()) {
        const PointRecord record = record_of_run(sweep_, folder_, work, options_);
        changed = stamps_.changed();
        if (changed.empty()) {
          folder_.write_record(record, sweep_, work.point);
          leave(0, {});
        }
      }
      leave(exit_files_changed, changed);
    } catch (const std::exception& error) {
      leave(exit_no_record, error.what());
    }
    ::_exit(exit_no_record);
  }

  PointRecord record_of(const SweepWork& work, int status, const std::string& said) const {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
      if (auto record = folder_.read_record(work.hash)) return *record;
    if (WIFEXITED(status) && WEXITSTATUS(status) == exit_files_changed)
      throw ExperimentError({.file = said,
                             .problem = "has changed while the sweep ran",
                             .expected = "the same command once more: points of what it holds now have folders of "
                                         "their own"});
    if (WIFEXITED(status) && WEXITSTATUS(status) == exit_no_record)
      throw RecordingError({.file = folder_.point(work.hash).string(), .problem = said});
    PointRecord record;
    record.hash = work.hash;
    record.state = PointState::failed;
    record.time = seconds_since_1970();
    record.error = WIFSIGNALED(status) ? fmt::format("ended by {}", signal_text(WTERMSIG(status)))
                                       : fmt::format("ended with exit code {}", WEXITSTATUS(status));
    if (!said.empty()) record.error += ": " + said;
    folder_.write_record(record, sweep_, work.point);
    return record;
  }

  static std::string signal_text(int signal) {
    const char* name = ::sigabbrev_np(signal);
    const std::string text = fmt::format("SIG{} ({})", name ? name : std::to_string(signal), ::strsignal(signal));
    return signal == SIGKILL ? text + ", perhaps for want of memory" : text;
  }

  // The end of what a process said.
  static std::string output(int file) {
    constexpr off_t most = 500;
    if (file < 0) return {};
    const off_t size = std::max<off_t>(0, ::lseek(file, 0, SEEK_END)), first = std::max<off_t>(0, size - most);
    std::string text(static_cast<std::size_t>(size - first), '\0');
    const ssize_t count = ::pread(file, text.data(), text.size(), first);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  const Sweep& sweep_;
  const Stamps& stamps_;
  const SweepFolder& folder_;
  const SweepOptions& options_;
  sigset_t child_ended_, mask_before_;
  std::vector<Running> running_;
};

// What is left to do: points in their order, and then those that could not be begun, again from time to time.
class WorkQueue {
 public:
  explicit WorkQueue(const std::vector<SweepWork>& left) : next_(left.begin()), end_(left.end()) {}

  bool empty() const { return next_ == end_ && later_.empty(); }
  // now: s since the begin, as below.
  std::optional<SweepWork> take(double now) {
    if (next_ != end_) return *next_++;
    if (later_.empty() || now < ask_again_) return std::nullopt;
    const SweepWork work = later_.front();
    later_.pop_front();
    return work;
  }
  void put_back(const SweepWork& work, double now) {
    later_.push_back(work);
    ask_again_ = now + 1;
  }

 private:
  std::vector<SweepWork>::const_iterator next_, end_;
  std::deque<SweepWork> later_;
  double ask_again_ = 0;
};

}  // namespace

Stamps::Stamp Stamps::stamp(const std::string& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return {static_cast<std::int64_t>(found.st_ino), found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
}

int SweepOutcome::code(const SweepProgress& progress) const {
  if (progress.finished + progress.failed < progress.total) return exit_interrupted;
  return progress.failed > 0 ? exit_other_error : 0;
}

// Another may have run a point since we looked, or told us to.
bool SweepWorker::has_ended(const SweepWork& work, SweepProgress& progress) const {
  const auto record = folder.read_record(work.hash);
  if (!record) return false;
  const bool failed = record->state == PointState::failed && !(options.retry_failed && record->time < began);
  if (!failed && record->state != PointState::finished) return false;
  ++(failed ? progress.failed : progress.finished);
  return true;
}

SweepOutcome SweepWorker::run(const std::vector<SweepWork>& left, SweepProgress& progress, const StopSignals& signals,
                              SweepJournal& journal, SweepClaims& claims) const {
  SweepOutcome ended;
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  Progress shown(options.quiet ? nullptr : stderr);
  Workers workers(sweep, stamps, folder, options);
  WorkQueue queue(left);
  for (;;) {
    const bool stopping = signals.stop_requested();
    while (!stopping && workers.count() < jobs) {
      const std::optional<SweepWork> work = queue.take(seconds());
      if (!work) break;
      const SweepClaims::Answer answer = claims.take(work->hash);
      if (answer == SweepClaims::Answer::others) {
        ++ended.elsewhere;
        continue;
      }
      if (answer == SweepClaims::Answer::unsure) {
        queue.put_back(*work, seconds());
        continue;
      }
      if (has_ended(*work, progress)) {
        claims.release(work->hash);
        continue;
      }
      journal.append(running_record(*work));
      if (!workers.start(*work)) {
        claims.release(work->hash);
        if (workers.count() == 0)
          reject_recording(folder.path(), fmt::format("no process can be started ({})", std::strerror(errno)));
        queue.put_back(*work, seconds());
        break;
      }
    }
    if (workers.count() == 0 && (stopping || queue.empty())) break;
    if (stopping) workers.stop();
    workers.wait();
    journal.touch();
    for (const PointRecord& record : workers.ended()) {
      journal.append(record);
      claims.release(record.hash);
      progress.finished += record.state == PointState::finished;
      progress.failed += record.state == PointState::failed;
      ended.stopped |= record.state == PointState::interrupted;
    }
    progress.running = workers.count();
    progress.wall = seconds();
    shown.show(progress);
  }
  shown.finish();
  ended.stopped |= signals.stop_requested() && progress.finished + progress.failed < progress.total;
  return ended;
}

std::string summary_text(const SweepFolder& folder, const SweepProgress& progress, const SweepOutcome& outcome) {
  std::string text = fmt::format("points       {}: {} finished, {} failed", grouped(progress.total),
                                 grouped(progress.finished), grouped(progress.failed));
  const std::uint64_t left = progress.total - progress.finished - progress.failed;
  if (left > outcome.elsewhere) text += fmt::format(", {} left", grouped(left - outcome.elsewhere));
  if (outcome.elsewhere > 0) text += fmt::format(", {} run by other processes", grouped(outcome.elsewhere));
  text += fmt::format("\noutput       {}", folder.path().string());
  text += fmt::format("\n{}  rheo sweep {} {}\n", left > 0 ? "interrupted" : "table      ",
                      left > 0 ? "status" : "collect", folder.path().string());
  return text;
}

}  // namespace rheo
