// rheo sweep --engine slurm and --engine list: what is left of a sweep, for schedulers to run by rheo sweep run-points.
//
//   slurm/<n>/tasks.txt   a submission: a line for each task, with the names of its points
//   slurm/<n>/script.sh   what was submitted
//   slurm/<n>/job.txt     the number of the job
//   slurm/<n>/<task>.log  what the tasks say
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <ostream>
#include <sstream>
#include <system_error>

#include "apps/session/exit_codes.hpp"
#include "apps/session/print.hpp"
#include "apps/session/summary.hpp"
#include "apps/sweep/choice.hpp"
#include "apps/sweep/sweep.hpp"
#include "io/files/provenance.hpp"
#include "io/files/recording.hpp"
#include "io/text/numbers.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

std::string name_of(std::uint64_t hash) {
  return fmt::format("{:016x}", hash);
}

// Folders of submissions by their numbers, ascending.
std::vector<std::pair<std::uint64_t, fs::path>> submissions(const SweepFolder& folder) {
  std::vector<std::pair<std::uint64_t, fs::path>> all;
  std::error_code error;
  for (fs::directory_iterator entry(folder.path() / "slurm", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (const auto number = parse_number<std::uint64_t>(name)) all.emplace_back(*number, entry->path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string>& own_program() {
  static std::vector<std::string> words;
  return words;
}

std::vector<std::string> command_of(const SweepFolder& folder, const SweepOptions& options, unsigned jobs) {
  std::vector<std::string> words = own_program();
  if (words.empty()) {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    words.push_back(error ? "rheo" : program.string());
  }
  words.insert(words.end(), {"sweep", "run-points", fs::absolute(folder.path()).string(), "--quiet", "--jobs",
                             fmt::format("{}", jobs), "--threads-per-point", fmt::format("{}", options.threads)});
  if (options.retry_failed) words.emplace_back("--retry-failed");
  if (!options.checkpoint_text.empty()) words.insert(words.end(), {"--checkpoint-every", options.checkpoint_text});
  return words;
}

// A sweep whose points others are to run.
struct Handover {
  Sweep sweep;
  SweepFolder folder;
  SweepPlan plan;
  std::uint64_t running = 0, queued = 0;  // points that are left, but not to be given away again

  explicit Handover(const SweepOptions& options)
      : sweep(open_sweep(options.file, options.overrides, options.plugins)),
        folder(sweep_directory(options)),
        plan(plan_sweep(sweep, folder, options.retry_failed)) {
    check_points(sweep, plan);
    const SweepQueue queue = queue_of(folder);
    if (!queue.is_known && options.engine == SweepEngine::slurm && !options.dry_run)
      throw UserError({.file = "squeue",
                       .problem = "does not say which tasks of earlier submissions wait or run",
                       .expected = "Slurm's commands in PATH, and a controller that answers"});
    const auto is_given = [&](const SweepWork& work) {
      if (queue.points.count(work.hash) != 0) return ++queued, true;
      const auto record = plan.history.records.find(work.hash);
      const bool runs = record != plan.history.records.end() && record->second.state == PointState::running;
      running += runs;
      return runs;
    };
    std::vector<SweepWork>& left = plan.left;
    left.erase(std::remove_if(left.begin(), left.end(), is_given), left.end());
  }

  void lay_out() const {
    folder.make();
    folder.describe(sweep);
  }

  // What of the sweep is not given away, and why.
  std::string text() const {
    std::string text = fmt::format("points       {}: {} finished, {} failed", grouped(plan.progress.total),
                                   grouped(plan.progress.finished), grouped(plan.progress.failed));
    if (queued > 0) text += fmt::format(", {} in Slurm's queue", grouped(queued));
    if (running > 0) text += fmt::format(", {} running", grouped(running));
    return text + fmt::format(", {} missing\n", grouped(plan.left.size()));
  }

  int code() const {
    if (!plan.left.empty() || running + queued > 0) return 0;
    return plan.progress.failed > 0 ? exit_other_error : 0;
  }

  // The names of the points of each task.
  std::vector<std::string> tasks(std::uint64_t points_per_task, char separator) const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < plan.left.size(); ++i) {
      if (i % points_per_task == 0)
        all.emplace_back();
      else
        all.back() += separator;
      all.back() += name_of(plan.left[i].hash);
    }
    return all;
  }
};

void write_executable(const fs::path& file, const std::string& text) {
  write_whole_text(file, [&](std::ostream& stream) { stream << text; });
  std::error_code ignored;
  fs::permissions(file, fs::perms::owner_exec | fs::perms::group_exec, fs::perm_options::add, ignored);
}

}  // namespace

void set_own_program(std::vector<std::string> words) {
  own_program() = std::move(words);
}

std::vector<std::vector<std::string>> read_tasks(const fs::path& file) {
  std::ifstream stream(file);
  if (!stream) reject_recording(file, "cannot be opened", "a file that rheo sweep --engine slurm wrote");
  std::vector<std::vector<std::string>> tasks;
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    auto& task = tasks.emplace_back();
    for (std::string word; words >> word;) task.push_back(word);
  }
  return tasks;
}

SweepQueue queue_of(const SweepFolder& folder) {
  SweepQueue queue;
  std::optional<std::unordered_set<std::string>> tasks;
  for (const auto& [number, path] : submissions(folder)) {
    std::ifstream stream(path / "job.txt");
    std::string job;
    if (!(stream >> job)) continue;
    if (!tasks) {
      tasks = slurm::queued_tasks();
      queue.is_known = tasks.has_value();
      if (!tasks) return queue;
    }
    const auto points = read_tasks(path / "tasks.txt");
    for (std::size_t task = 0; task < points.size(); ++task) {
      if (tasks->count(fmt::format("{}_{}", job, task)) == 0) continue;
      ++queue.tasks;
      for (const std::string& name : points[task])
        if (const auto hash = parse_number<std::uint64_t>(name, 16)) queue.points.insert(*hash);
    }
  }
  return queue;
}

SweepHistory history_of(const SweepFolder& folder, const std::vector<std::uint64_t>& hashes) {
  std::optional<std::unordered_set<std::string>> tasks;
  bool asked = false;
  return folder.history(hashes, [&](const SweepSession& session) {
    if (session.job.empty() || session.host == host_name()) return false;
    if (!asked) tasks = slurm::queued_tasks();
    asked = true;
    return tasks && tasks->count(session.job) == 0;
  });
}

void choose_engine(SweepOptions& options, const std::string& engine, const std::vector<std::string>& given) {
  const std::vector<std::string> names{"local", "slurm", "list"};
  const auto found = std::find(names.begin(), names.end(), engine);
  if (found == names.end())
    throw UserError({.key = "--engine",
                     .value = engine,
                     .problem = "unknown engine",
                     .expected = "one of local, slurm, list",
                     .suggestion = nearest(engine, names)});
  options.engine = static_cast<SweepEngine>(found - names.begin());
  for (const std::string& option : given) {
    const bool of_list = option == "--points-per-task";
    if (options.engine == SweepEngine::slurm || (of_list && options.engine == SweepEngine::list)) continue;
    throw UserError({.key = option,
                     .problem = fmt::format("is not for --engine {}", engine),
                     .expected = of_list ? "--engine slurm or list beside it" : "--engine slurm beside it"});
  }
  slurm::check(options.slurm);
}

namespace {

int start_points(const SweepOptions& options) {
  return options.engine == SweepEngine::slurm  ? submit_sweep(options)
         : options.engine == SweepEngine::list ? list_sweep(options)
                                               : run_sweep(options);
}

}  // namespace

int start_sweep(const SweepOptions& options) {
  const int code = start_points(options);
  if (options.dry_run || (code != 0 && code != exit_other_error)) return code;
  const Sweep sweep = open_sweep(options.file, options.overrides, options.plugins);
  const SweepFolder folder(sweep_directory(options));
  const bool are_seeds = sweep.keys() == std::vector<std::string>{"simulation.seed"};
  if (!are_seeds && sweep.objective().metric.empty()) return code;
  if (!plan_sweep(sweep, folder, false).left.empty()) return code;
  const auto tell = [&](const std::string& text) {
    if (!options.quiet) fmt::print(stderr, "{}", text);
  };
  if (are_seeds) {
    const SweepMeans means = means_of(folder);
    write_means(folder, means);
    tell(means_text(means));
  }
  const auto choice = choose(folder);
  if (!choice) return code;
  write_choice(folder, *choice);
  tell(choice_text(folder, *choice));
  if (sweep.objective().report_seeds.empty()) return code;
  // A search: the best point is run on other seeds.
  SweepOptions report = options;
  report.overrides = sweep.report_overrides(choice->candidates[choice->best].point);
  report.out = folder.path() / "report";
  return std::max(code, start_sweep(report));
}

int list_sweep(const SweepOptions& options) {
  const Handover work(options);
  work.lay_out();
  std::string command;
  for (const std::string& word : command_of(work.folder, options, options.jobs > 0 ? options.jobs : 1))
    command += shell_word(word) + ' ';
  std::string text;
  for (const std::string& points : work.tasks(options.points_per_task.value_or(1), ','))
    text += command + "--points " + points + '\n';
  print(text);
  if (!options.quiet) fmt::print(stderr, "{}", work.text());
  return work.code();
}

namespace {

// As many tasks as the largest array of a Slurm that nobody configured has, unless the user says otherwise.
std::uint64_t points_per_task_of(const SweepOptions& options, std::uint64_t points) {
  constexpr std::uint64_t usual = 1000;
  const std::uint64_t most = slurm::max_tasks(), wanted = std::min(most, usual);
  const std::uint64_t per_task = options.points_per_task.value_or((points + wanted - 1) / wanted);
  const std::uint64_t tasks = (points + per_task - 1) / per_task;
  if (tasks > most)
    throw UserError({.key = "--points-per-task",
                     .value = fmt::format("{}", per_task),
                     .problem = fmt::format("makes {} tasks, and an array has at most {}", tasks, most),
                     .expected = fmt::format("{} or more for {} points", (points + most - 1) / most, points)});
  return per_task;
}

std::string script_of(const Handover& work, const SweepOptions& options, const fs::path& folder, std::size_t tasks) {
  const unsigned jobs = options.jobs > 0 ? options.jobs : 1;
  slurm::Array array;
  array.name = fs::path(options.file).stem().string();
  array.folder = folder;
  array.tasks = tasks;
  array.processors = jobs * options.threads;
  array.command = command_of(work.folder, options, jobs);
  array.command.insert(array.command.end(), {"--tasks", (folder / "tasks.txt").string()});
  return slurm::script(array, options.slurm);
}

// The folder of a submission has one maker.
fs::path make_submission(const fs::path& all, std::uint64_t number) {
  std::error_code error;
  fs::create_directories(all, error);
  while (!error && !fs::create_directory(all / fmt::format("{}", number), error)) ++number;
  if (error) reject_recording(all, fmt::format("cannot be made ({})", error.message()));
  return all / fmt::format("{}", number);
}

}  // namespace

int submit_sweep(const SweepOptions& options) {
  const Handover work(options);
  const std::uint64_t points = work.plan.left.size();
  if (points == 0) {
    if (!options.quiet)
      print(fmt::format("{}nothing is submitted\noutput       {}\n", work.text(), work.folder.path().string()));
    return work.code();
  }
  const std::uint64_t points_per_task = points_per_task_of(options, points);
  const std::vector<std::string> tasks = work.tasks(points_per_task, ' ');
  const auto earlier = submissions(work.folder);
  const std::uint64_t number = earlier.empty() ? 1 : earlier.back().first + 1;
  const fs::path all = fs::absolute(work.folder.path()) / "slurm";
  // Whatever is wrong with the script is said before anything is written.
  const std::string first = script_of(work, options, all / fmt::format("{}", number), tasks.size());
  if (options.dry_run) {
    print(first);
    if (!options.quiet) fmt::print(stderr, "{}nothing is submitted: --dry-run\n", work.text());
    return 0;
  }
  work.lay_out();
  const fs::path here = make_submission(all, number);
  write_whole_text(here / "tasks.txt", [&](std::ostream& stream) {
    for (const std::string& task : tasks) stream << task << '\n';
  });
  write_executable(here / "script.sh", script_of(work, options, here, tasks.size()));
  std::string job;
  try {
    job = slurm::submit(here / "script.sh");
  } catch (const UserError&) {
    std::error_code ignored;
    fs::remove_all(here, ignored);
    throw;
  }
  write_whole_text(here / "job.txt", [&](std::ostream& stream) { stream << job << '\n'; });
  if (!options.quiet)
    print(
        fmt::format("{}submitted    job {}: {} task{} of {} point{}\noutput       {}\nstatus       rheo sweep status "
                    "{}\n",
                    work.text(), job, grouped(tasks.size()), tasks.size() == 1 ? "" : "s", grouped(points_per_task),
                    points_per_task == 1 ? "" : "s", work.folder.path().string(), work.folder.path().string()));
  return 0;
}

}  // namespace rheo
