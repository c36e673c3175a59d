#include "apps/sweep/sweep.hpp"

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
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "apps/command/commands.hpp"
#include "apps/session/checkpoints.hpp"
#include "apps/session/progress.hpp"
#include "apps/session/run.hpp"
#include "apps/session/signals.hpp"
#include "apps/session/summary.hpp"
#include "core/errors.hpp"
#include "core/parallel.hpp"
#include "io/checkpoint.hpp"
#include "io/file_lock.hpp"
#include "io/provenance.hpp"
#include "io/recording.hpp"
#include "io/run_files.hpp"
#include "io/sweep_claims.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

// How a point's process ends where it could not leave a record; what it said is on its stderr.
constexpr int exit_files_changed = 101, exit_no_record = 102;

constexpr double seconds_for_checks = 10;

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

// How the work on some points ended.
struct Ended {
  bool stopped = false;         // by a signal, to this process or to one of a point
  std::uint64_t elsewhere = 0;  // points that another process is at work on

  // 75 also where others are at work: it is too early to say how the sweep ends.
  int code(const SweepProgress& progress) const {
    if (progress.finished + progress.failed < progress.total) return exit_interrupted;
    return progress.failed > 0 ? exit_other_error : 0;
  }
};

// Runs points, some at a time, beside others that may do so in the same folder.
struct Worker {
  const Sweep& sweep;
  const Stamps& stamps;
  const SweepFolder& folder;
  const SweepOptions& options;
  unsigned jobs;
  double began;  // s since 1970: what failed earlier runs again, where that is asked for

  Ended run(const std::vector<SweepWork>& left, SweepProgress& progress, const StopSignals& signals,
            SweepJournal& journal, SweepClaims& claims) const {
    Ended ended;
    const auto begin = std::chrono::steady_clock::now();
    const auto seconds = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    Progress shown(options.quiet ? nullptr : stderr);
    Workers workers(sweep, stamps, folder, options);
    std::deque<SweepWork> unsure;  // asked again from time to time
    double ask_again = 0;
    auto next = left.begin();
    for (;;) {
      const bool stopping = signals.stop_requested();
      while (!stopping && workers.count() < jobs) {
        SweepWork work;
        if (next != left.end()) {
          work = *next++;
        } else if (!unsure.empty() && seconds() >= ask_again) {
          work = unsure.front();
          unsure.pop_front();
        } else {
          break;
        }
        const SweepClaims::Answer answer = claims.take(work.hash);
        if (answer == SweepClaims::Answer::others) {
          ++ended.elsewhere;
          continue;
        }
        if (answer == SweepClaims::Answer::unsure) {
          unsure.push_back(work);
          ask_again = seconds() + 1;
          continue;
        }
        // Another may have run it since we looked, or told us to.
        if (const auto record = folder.read_record(work.hash)) {
          const bool failed = record->state == PointState::failed && !(options.retry_failed && record->time < began);
          if (failed || record->state == PointState::finished) {
            ++(failed ? progress.failed : progress.finished);
            claims.release(work.hash);
            continue;
          }
        }
        PointRecord record;
        record.hash = work.hash;
        record.state = PointState::running;
        record.time = seconds_since_1970();
        journal.append(record);
        if (!workers.start(work)) {
          claims.release(work.hash);
          if (workers.count() == 0)
            refuse_recording(folder.path(), fmt::format("no process can be started ({})", std::strerror(errno)));
          unsure.push_front(work);
          ask_again = seconds() + 1;
          break;
        }
      }
      if (workers.count() == 0 && (stopping || (next == left.end() && unsure.empty()))) break;
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
};

std::string summary_text(const SweepFolder& folder, const SweepProgress& progress, const Ended& ended) {
  std::string text = fmt::format("points       {}: {} finished, {} failed", grouped(progress.total),
                                 grouped(progress.finished), grouped(progress.failed));
  const std::uint64_t left = progress.total - progress.finished - progress.failed;
  if (left > ended.elsewhere) text += fmt::format(", {} left", grouped(left - ended.elsewhere));
  if (ended.elsewhere > 0) text += fmt::format(", {} run by other processes", grouped(ended.elsewhere));
  text += fmt::format("\noutput       {}", folder.path().string());
  text += fmt::format("\n{}  rheo sweep {} {}\n", left > 0 ? "interrupted" : "table      ",
                      left > 0 ? "status" : "collect", folder.path().string());
  return text;
}

// Options of the processes that run points.
void add_point_options(CLI::App& command, SweepOptions& options) {
  command.add_option("--jobs", options.jobs, "points at a time (default: every usable processor)")
      ->check(CLI::Range(1u, 4096u).description(""))
      ->type_name("N");
  command.add_option("--threads-per-point", options.threads, "threads of each point (default: 1)")
      ->check(CLI::Range(1u, 4096u).description(""))
      ->type_name("N");
  command.add_flag("--retry-failed", options.retry_failed, "run points again that failed");
  command.add_flag("--quiet", options.quiet, "no progress, no summary");
}

}  // namespace

SweepPlan plan_sweep(const Sweep& sweep, const SweepFolder& folder, bool retry_failed) {
  SweepPlan plan;
  std::vector<SweepWork> all;
  std::unordered_set<std::uint64_t> seen;
  for (std::uint64_t point = 0; point < sweep.size(); ++point) {
    const std::uint64_t hash = sweep.hash(point);
    if (!seen.insert(hash).second) continue;
    all.push_back({point, hash});
    plan.hashes.push_back(hash);
  }
  plan.history = history_of(folder, plan.hashes);
  plan.progress.total = all.size();
  for (const SweepWork& work : all) {
    const auto record = plan.history.records.find(work.hash);
    const PointState state = record == plan.history.records.end() ? PointState::waiting : record->second.state;
    if (state == PointState::finished) {
      ++plan.progress.finished;
    } else if (state == PointState::failed && !retry_failed) {
      ++plan.progress.failed;
    } else {
      plan.left.push_back(work);
    }
  }
  plan.progress.ended_before = plan.progress.finished + plan.progress.failed;
  return plan;
}

void check_points(const Sweep& sweep, const SweepPlan& plan) {
  if (!plan.left.empty()) sweep.check(seconds_for_checks);
}

fs::path sweep_directory(const SweepOptions& options) {
  return options.out.empty() ? fs::path(options.file).stem().concat(".sweep") : options.out;
}

int run_sweep(const SweepOptions& options) {
  const StopSignals signals;
  const Sweep sweep(options.file, options.overrides, options.plugins);
  const Stamps stamps(sweep.files());
  const SweepFolder folder(sweep_directory(options));
  const unsigned jobs = options.jobs > 0 ? options.jobs : std::max(1u, usable_processors() / options.threads);
  SweepPlan plan = plan_sweep(sweep, folder, options.retry_failed);
  check_points(sweep, plan);

  folder.make();
  // The usual journal, unless another host is writing to it.
  std::string share = "0";
  for (const SweepSession& session : plan.history.sessions)
    if (session.share == share && session.is_live() && session.host != host_name()) share = own_share();
  const SweepSession session = own_session(share, {}, jobs);
  SweepJournal journal(folder, session);
  journal.refuse_others(folder.history({}));
  folder.describe(sweep);
  for (const std::uint64_t hash : plan.history.unlisted) journal.append(plan.history.records.at(hash));
  SweepClaims claims(folder, session);

  Ended ended;
  {
    Worker worker{sweep, stamps, folder, options, jobs, seconds_since_1970()};
    ended = worker.run(plan.left, plan.progress, signals, journal, claims);
  }
  if (!options.quiet) {
    if (plan.progress.failed > 0) {
      const SweepManifest manifest = folder.manifest();
      print(failed_text(folder, manifest, folder.points(manifest), folder.history(plan.hashes), 10));
    }
    print(summary_text(folder, plan.progress, ended));
  }
  return ended.code(plan.progress);
}

namespace {

// rheo sweep run-points: some points of a sweep that is laid out. What tasks of a scheduler run.
struct PointsOptions {
  fs::path directory, tasks;
  std::string points;
  std::optional<std::uint64_t> task;
  bool requeue = false;
  SweepOptions sweep;
};

[[noreturn]] void refuse_points(const std::string& option, const std::string& value, const std::string& problem,
                                const std::string& expected) {
  throw UserError(
      {.file = {}, .key = option, .value = value, .problem = problem, .expected = expected, .suggestion = {}});
}

// "0-9,12,abcdef0123456789": numbers of points in the order of the design, and names of their folders. What is no
// longer a point of the sweep is named in `gone`.
std::vector<SweepWork> chosen_points(const Sweep& sweep, const std::vector<std::string>& words,
                                     std::vector<std::string>& gone) {
  std::vector<SweepWork> chosen;
  std::unordered_set<std::uint64_t> seen;
  const auto add = [&](std::uint64_t point, std::uint64_t hash) {
    if (seen.insert(hash).second) chosen.push_back({point, hash});
  };
  std::unordered_map<std::uint64_t, std::uint64_t> numbers;  // of names
  const auto number = [](std::string_view text, int base) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  };
  for (const std::string& word : words) {
    if (word.size() == 16) {
      const auto hash = number(word, 16);
      if (!hash) refuse_points("--points", word, "is no name of a point", "16 hexadecimal digits");
      if (numbers.empty())
        for (std::uint64_t point = 0; point < sweep.size(); ++point) numbers.emplace(sweep.hash(point), point);
      const auto found = numbers.find(*hash);
      if (found == numbers.end())
        gone.push_back(word);
      else
        add(found->second, *hash);
      continue;
    }
    const std::size_t dash = word.find('-');
    const auto first = number(std::string_view(word).substr(0, dash), 10);
    const auto last = dash == std::string::npos ? first : number(std::string_view(word).substr(dash + 1), 10);
    const std::string expected =
        fmt::format("numbers and ranges from 0 to {}, and names of folders, as 0-9,12", sweep.size() - 1);
    if (!first || !last || *first > *last) refuse_points("--points", word, "is neither point nor range", expected);
    if (*last >= sweep.size())
      refuse_points("--points", word, fmt::format("is out of range: there are {} points", sweep.size()), expected);
    for (std::uint64_t point = *first; point <= *last; ++point) add(point, sweep.hash(point));
  }
  return chosen;
}

std::vector<std::string> words_of(const PointsOptions& options) {
  if (options.tasks.empty()) {
    std::vector<std::string> words(1);
    for (const char c : options.points) {
      if (c == ',')
        words.emplace_back();
      else
        words.back() += c;
    }
    return words;
  }
  const auto tasks = read_tasks(options.tasks);
  if (*options.task >= tasks.size())
    refuse_points("--task", fmt::format("{}", *options.task),
                  fmt::format("{} has {} tasks", options.tasks.string(), tasks.size()), "a number of one, from 0");
  return tasks[*options.task];
}

struct PointsOutcome {
  int code = 0;
  bool stopped = false;  // rather than left to others
};

PointsOutcome run_points(PointsOptions options) {
  const StopSignals signals;
  options.directory = fs::absolute(options.directory);
  if (!options.tasks.empty()) options.tasks = fs::absolute(options.tasks);
  const SweepFolder folder(options.directory);
  const SweepManifest manifest = folder.manifest();
  // Files are named as seen from where the sweep was started.
  std::error_code error;
  if (!manifest.directory.empty()) fs::current_path(manifest.directory, error);
  if (error)
    refuse_recording(folder.path() / "sweep.json",
                     fmt::format("directory = {}: cannot be entered ({})", manifest.directory, error.message()),
                     "the same path on all hosts that work on a sweep");
  SweepOptions& run = options.sweep;
  const Sweep sweep(manifest.file, manifest.overrides, manifest.plugins);
  const Stamps stamps(sweep.files());
  std::vector<std::string> gone;
  std::vector<SweepWork> left = chosen_points(sweep, words_of(options), gone);
  if (!gone.empty()) {
    const std::string problem = fmt::format("{} of the points given are none of {} as it is now, the first is {}",
                                            gone.size(), manifest.file, gone[0]);
    if (left.empty()) refuse_recording(folder.path(), problem, "rheo sweep once more, if the file was changed");
    fmt::print(stderr, "warning: {}: {}\n", folder.path().string(), problem);
  }
  const unsigned jobs = run.jobs > 0 ? run.jobs : std::max(1u, usable_processors() / run.threads);

  // A task that is started again by its scheduler has the journal of its earlier start, and an identity that tells that
  // what that one claimed is its own.
  const std::string own = slurm::own_job();
  const std::string job = options.task && own.ends_with(fmt::format("_{}", *options.task)) ? own : "";
  const std::string share = job.empty() ? own_share() : "slurm-" + job;
  const double first_began = folder.first_began(share).value_or(seconds_since_1970());
  const SweepSession session = own_session(share, job, jobs);
  SweepJournal journal(folder, session);
  SweepClaims claims(folder, session);
  SweepProgress progress;
  progress.total = left.size();
  Worker worker{sweep, stamps, folder, run, jobs, first_began};
  const Ended ended = worker.run(left, progress, signals, journal, claims);
  if (!run.quiet) print(summary_text(folder, progress, ended));
  return {ended.code(progress), ended.stopped};
}

}  // namespace

void add_sweep_run_points(CLI::App& sweep) {
  const auto options = std::make_shared<PointsOptions>();
  CLI::App* command = sweep.add_subcommand(
      "run-points", "run some points of a sweep that is laid out, beside others that do so: tasks of schedulers");
  command->add_option("DIR", options->directory, "directory of the sweep")->required()->type_name("");
  CLI::Option* points =
      command->add_option("--points", options->points, "numbers and folders' names: 0-9,12")->type_name("LIST");
  CLI::Option* tasks = command->add_option("--tasks", options->tasks, "a file with a line of points for each task")
                           ->type_name("FILE")
                           ->excludes(points);
  command->add_option("--task", options->task, "which line, from 0")->type_name("N")->needs(tasks);
  add_point_options(*command, options->sweep);
  command->add_flag("--requeue", options->requeue, "where interrupted, have Slurm run the own job again");
  const auto every = std::make_shared<std::string>();
  add_checkpoint_option(*command, *every);
  command->callback([=] {
    if (options->points.empty() && !(tasks->count() > 0 && options->task))
      throw CLI::RequiredError("--points, or --tasks and --task");
    if (!every->empty()) options->sweep.checkpoint_every = parse_wall_time(*every);
    const PointsOutcome outcome = run_points(*options);
    if (outcome.stopped && options->requeue)
      if (const std::string problem = slurm::requeue_own_job(); !problem.empty())
        fmt::print(stderr, "warning: the job is not run again: {}\n", problem);
    if (outcome.code != 0) throw CLI::RuntimeError(outcome.code);
  });
}

namespace {

std::vector<CLI::Option*> add_scheduler_options(CLI::App& command, SweepOptions& options, std::string& engine) {
  command.add_option("--engine", engine, "who runs the points: local, slurm or list (default: local)")
      ->type_name("NAME");
  std::vector<CLI::Option*> all;
  const auto add = [&](const char* name, auto& to, const char* what, const char* type) {
    all.push_back(command.add_option(name, to, what)->type_name(type)->group("Schedulers"));
    return all.back();
  };
  const auto whole = CLI::Range(std::uint64_t{1}, std::uint64_t{10'000'000}).description("");
  add("--points-per-task", options.points_per_task, "slurm, list: how many a task runs", "N")->check(whole);
  add("--throttle", options.slurm.throttle, "slurm: tasks at a time", "N")->check(whole);
  add("--partition", options.slurm.partition, "slurm", "NAME");
  add("--account", options.slurm.account, "slurm", "NAME");
  add("--time", options.slurm.time, "slurm: limit of each start of a task, as 30 (minutes), 4:00:00 or 1-12", "TIME");
  add("--mem", options.slurm.memory, "slurm: memory of a task", "SIZE");
  add("--signal-before", options.slurm.signal_before, "slurm: seconds before the limit to stop (default: 120)", "S")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{65535}).description(""));
  add("--sbatch", options.slurm.extra, "slurm: another option of sbatch; may be repeated", "OPTION")
      ->allow_extra_args(false);
  const auto flag = [&](CLI::Option* option) { all.push_back(option->group("Schedulers")); };
  flag(command.add_flag("!--no-requeue", options.slurm.requeue, "slurm: tasks that are stopped do not run again"));
  flag(command.add_flag("--dry-run", options.dry_run, "slurm: print the script, submit nothing"));
  return all;
}

void choose_engine(SweepOptions& options, const std::string& engine, const std::vector<CLI::Option*>& of_schedulers) {
  const std::vector<std::string> names{"local", "slurm", "list"};
  const auto found = std::find(names.begin(), names.end(), engine);
  if (found == names.end())
    throw UserError({.file = {},
                     .key = "--engine",
                     .value = engine,
                     .problem = "unknown engine",
                     .expected = "one of local, slurm, list",
                     .suggestion = nearest(engine, names)});
  options.engine = static_cast<SweepEngine>(found - names.begin());
  for (const CLI::Option* option : of_schedulers) {
    const bool of_list = option->get_name() == "--points-per-task";
    if (option->count() == 0 || options.engine == SweepEngine::slurm) continue;
    if (of_list && options.engine == SweepEngine::list) continue;
    refuse_points(option->get_name(), {}, fmt::format("is not for --engine {}", engine),
                  of_list ? "--engine slurm or list beside it" : "--engine slurm beside it");
  }
  slurm::check(options.slurm);
}

}  // namespace

void add_sweep(CLI::App& app) {
  const auto options = std::make_shared<SweepOptions>();
  CLI::App* command = app.add_subcommand("sweep", "run all points of an experiment file with [sweep]");
  CLI::Option* file = command->add_option("FILE", options->file, "experiment file with [sweep]")->type_name("");
  command->add_option("--out", options->out, "directory (default: <name of FILE>.sweep)")->type_name("DIR");
  add_point_options(*command, *options);
  command->add_option("--set", options->overrides, "change one setting: populations.E.size=100; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_plugin_option(*command, options->plugins);
  const auto every = std::make_shared<std::string>();
  add_checkpoint_option(*command, *every);
  const auto engine = std::make_shared<std::string>("local");
  const std::vector<CLI::Option*> of_schedulers = add_scheduler_options(*command, *options, *engine);
  add_sweep_status(*command);
  add_sweep_collect(*command);
  add_sweep_run_points(*command);
  command->require_subcommand(0, 1);
  command->callback([=] {
    if (!command->get_subcommands().empty()) return;
    if (file->count() == 0) throw CLI::RequiredError("FILE");
    if (!every->empty()) options->checkpoint_every = parse_wall_time(*every);
    options->checkpoint_text = *every;
    choose_engine(*options, *engine, of_schedulers);
    const int code = options->engine == SweepEngine::slurm  ? submit_sweep(*options)
                     : options->engine == SweepEngine::list ? list_sweep(*options)
                                                            : run_sweep(*options);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace rheo
