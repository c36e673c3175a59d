#include "apps/sweep.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <unordered_set>
#include <utility>

#include "apps/checkpoints.hpp"
#include "apps/commands.hpp"
#include "apps/progress.hpp"
#include "apps/run.hpp"
#include "apps/signals.hpp"
#include "apps/summary.hpp"
#include "core/errors.hpp"
#include "core/parallel.hpp"
#include "io/checkpoint.hpp"
#include "io/recording.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

// How a point's process ends where it could not leave a record; what it said is on its stderr.
constexpr int exit_files_changed = 101, exit_no_record = 102;

constexpr double seconds_for_checks = 10;

struct Work {
  std::uint64_t point = 0, hash = 0;
};

// Tells whether files were written to.
class Stamps {
 public:
  explicit Stamps(const std::vector<std::string>& files) {
    for (const std::string& file : files) stamps_.emplace_back(file, stamp(file));
  }
  // The first that has changed, or "".
  std::string changed() const {
    for (const auto& [file, before] : stamps_)
      if (stamp(file) != before) return file;
    return {};
  }

 private:
  using Stamp = std::array<std::int64_t, 4>;
  static Stamp stamp(const std::string& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return {};
    return {static_cast<std::int64_t>(found.st_ino), found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
  }
  std::vector<std::pair<std::string, Stamp>> stamps_;
};

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
  for (const fs::path& file : find_checkpoints(folder)) {
    try {
      run.checkpoint = file;
      return resume_experiment(run, read_checkpoint(file));
    } catch (const NumericalError&) {
      throw;
    } catch (const UserError&) {  // damaged, or of a file that has changed since
    }
  }
  fs::remove_all(folder);
  run.checkpoint.clear();
  return run_experiment(run);
}

PointRecord record_of_run(const Sweep& sweep, const SweepFolder& folder, const Work& work,
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
  bool start(const Work& work) {
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
      const Work work = running_[i].work;
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
    Work work;
  };

  void forget(std::size_t i) {
    if (running_[i].output >= 0) ::close(running_[i].output);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  // In the point's process.
  [[noreturn]] void run(const Work& work, pid_t parent, int output) const {
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

  PointRecord record_of(const Work& work, int status, const std::string& said) const {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
      if (auto record = folder_.read_record(work.hash)) return *record;
    if (WIFEXITED(status) && WEXITSTATUS(status) == exit_files_changed)
      throw ExperimentError({.file = said,
                             .key = {},
                             .value = {},
                             .problem = "has changed while the sweep ran",
                             .expected = "the same command once more: points of what it holds now have folders of "
                                         "their own",
                             .suggestion = {}});
    if (WIFEXITED(status) && WEXITSTATUS(status) == exit_no_record)
      throw RecordingError({.file = folder_.point(work.hash).string(),
                            .key = {},
                            .value = {},
                            .problem = said,
                            .expected = {},
                            .suggestion = {}});
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

std::string summary_text(const SweepFolder& folder, const SweepProgress& progress, bool interrupted) {
  std::string text = fmt::format("points       {}: {} finished, {} failed", grouped(progress.total),
                                 grouped(progress.finished), grouped(progress.failed));
  const std::uint64_t left = progress.total - progress.finished - progress.failed;
  if (left > 0) text += fmt::format(", {} left", grouped(left));
  text += fmt::format("\noutput       {}", folder.path().string());
  text += fmt::format("\n{}  rheo sweep {} {}\n", interrupted ? "interrupted" : "table      ",
                      interrupted ? "status" : "collect", folder.path().string());
  return text;
}

}  // namespace

int run_sweep(const SweepOptions& options) {
  const StopSignals signals;
  const Sweep sweep(options.file, options.overrides, options.plugins);
  const Stamps stamps(sweep.files());
  const SweepFolder folder(options.out.empty() ? fs::path(options.file).stem().concat(".sweep") : options.out);
  const unsigned jobs = options.jobs > 0 ? options.jobs : std::max(1u, usable_processors() / options.threads);

  // Drawn points may be equal; each folder is run once.
  std::vector<Work> all;
  std::vector<std::uint64_t> hashes;
  std::unordered_set<std::uint64_t> seen;
  for (std::uint64_t point = 0; point < sweep.size(); ++point) {
    const std::uint64_t hash = sweep.hash(point);
    if (!seen.insert(hash).second) continue;
    all.push_back({point, hash});
    hashes.push_back(hash);
  }
  const SweepHistory history = folder.history(hashes);
  SweepProgress progress;
  progress.total = all.size();
  std::vector<Work> left;
  for (const Work& work : all) {
    const auto record = history.records.find(work.hash);
    const PointState state = record == history.records.end() ? PointState::waiting : record->second.state;
    if (state == PointState::finished) {
      ++progress.finished;
    } else if (state == PointState::failed && !options.retry_failed) {
      ++progress.failed;
    } else {
      left.push_back(work);
    }
  }
  progress.ended_before = progress.finished + progress.failed;
  if (!left.empty()) sweep.check(seconds_for_checks);

  folder.make();
  SweepJournal journal(folder, "0", jobs);
  journal.refuse_others(folder.history({}));
  folder.describe(sweep);
  for (const std::uint64_t hash : history.unlisted) journal.append(history.records.at(hash));

  const auto begin = std::chrono::steady_clock::now();
  Progress shown(options.quiet ? nullptr : stderr);
  Workers workers(sweep, stamps, folder, options);
  auto next = left.begin();
  for (;;) {
    const bool stopping = signals.stop_requested();
    while (!stopping && next != left.end() && workers.count() < jobs) {
      PointRecord record;
      record.hash = next->hash;
      record.state = PointState::running;
      record.time = seconds_since_1970();
      journal.append(record);
      if (!workers.start(*next)) {
        if (workers.count() > 0) break;
        refuse_recording(folder.path(), fmt::format("no process can be started ({})", std::strerror(errno)));
      }
      ++next;
    }
    if (workers.count() == 0) break;
    if (stopping) workers.stop();
    workers.wait();
    for (const PointRecord& record : workers.ended()) {
      journal.append(record);
      progress.finished += record.state == PointState::finished;
      progress.failed += record.state == PointState::failed;
    }
    progress.running = workers.count();
    progress.wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    shown.show(progress);
  }
  shown.finish();

  const bool interrupted = progress.finished + progress.failed < progress.total;
  if (!options.quiet) {
    if (progress.failed > 0) {
      const SweepManifest manifest = folder.manifest();
      print(failed_text(folder, manifest, folder.points(manifest), folder.history(hashes), 10));
    }
    print(summary_text(folder, progress, interrupted));
  }
  return interrupted ? exit_interrupted : progress.failed > 0 ? exit_other_error : 0;
}

void add_sweep(CLI::App& app) {
  const auto options = std::make_shared<SweepOptions>();
  CLI::App* command = app.add_subcommand("sweep", "run all points of an experiment file with [sweep]");
  CLI::Option* file = command->add_option("FILE", options->file, "experiment file with [sweep]")->type_name("");
  command->add_option("--out", options->out, "directory (default: <name of FILE>.sweep)")->type_name("DIR");
  command->add_option("--jobs", options->jobs, "points at a time (default: every usable processor)")
      ->check(CLI::Range(1u, 4096u).description(""))
      ->type_name("N");
  command->add_option("--threads-per-point", options->threads, "threads of each point (default: 1)")
      ->check(CLI::Range(1u, 4096u).description(""))
      ->type_name("N");
  command->add_flag("--retry-failed", options->retry_failed, "run points again that failed");
  command->add_option("--set", options->overrides, "change one setting: populations.E.size=100; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_plugin_option(*command, options->plugins);
  const auto every = std::make_shared<std::string>();
  add_checkpoint_option(*command, *every);
  command->add_flag("--quiet", options->quiet, "no progress, no summary");
  add_sweep_status(*command);
  add_sweep_collect(*command);
  command->require_subcommand(0, 1);
  command->callback([=] {
    if (!command->get_subcommands().empty()) return;
    if (file->count() == 0) throw CLI::RequiredError("FILE");
    if (!every->empty()) options->checkpoint_every = parse_wall_time(*every);
    const int code = run_sweep(*options);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace rheo
