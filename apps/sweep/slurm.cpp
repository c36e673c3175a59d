#include "apps/sweep/slurm.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string_view>

#include "core/diagnostics.hpp"

namespace rheo {

namespace {

std::string content(int file) {
  std::string text;
  std::array<char, 65536> piece{};
  for (off_t at = 0;;) {
    const ssize_t count = ::pread(file, piece.data(), piece.size(), at);
    if (count <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(count));
    at += count;
  }
  ::close(file);
  return text;
}

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

[[noreturn]] void reject_option(const std::string& option, const std::string& value, const std::string& problem,
                                const std::string& expected) {
  throw UserError({.key = option, .value = value, .problem = problem, .expected = expected});
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

ProgramOutcome run_program(const std::vector<std::string>& words) {
  const int out = ::memfd_create("stdout", MFD_CLOEXEC), err = ::memfd_create("stderr", MFD_CLOEXEC);
  std::array<int, 2> failed{-1, -1};  // closed by a successful exec
  ProgramOutcome outcome;
  if (out < 0 || err < 0 || ::pipe2(failed.data(), O_CLOEXEC) != 0) return outcome;
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<std::string> copies = words;
    std::vector<char*> argv;
    for (std::string& word : copies) argv.push_back(word.data());
    argv.push_back(nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::execvp(argv[0], argv.data());
    const int code = errno;
    [[maybe_unused]] const ssize_t written = ::write(failed[1], &code, sizeof code);
    ::_exit(127);
  }
  ::close(failed[1]);
  int code = 0;
  if (child < 0) {
    outcome.err = "no process can be started";
  } else {
    outcome.started = ::read(failed[0], &code, sizeof code) <= 0;
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  ::close(failed[0]);
  outcome.out = content(out);
  if (outcome.err.empty()) outcome.err = content(err);
  return outcome;
}

std::string shell_word(const std::string& text) {
  // A line break would end the line of a list, whose rest would be run as another command.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) {
    std::string word = "$'";
    for (const char c : text) {
      if (is_control(c))
        word += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
      else
        word += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
    }
    return word + '\'';
  }
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + '\'';
}

namespace slurm {

std::optional<double> time_limit(const std::string& text) {
  if (text == "UNLIMITED" || text == "INFINITE") return std::numeric_limits<double>::infinity();
  std::string_view rest = text;
  const auto number = [&](double& value) {
    std::uint32_t whole = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), whole);
    if (error != std::errc()) return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    value = whole;
    return true;
  };
  double days = 0;
  const bool has_days = text.find('-') != std::string::npos;
  if (has_days) {
    if (!number(days) || rest.empty() || rest.front() != '-') return std::nullopt;
    rest.remove_prefix(1);
  }
  std::vector<double> parts(1);
  if (!number(parts[0])) return std::nullopt;
  while (!rest.empty()) {
    if (rest.front() != ':' || parts.size() == 3) return std::nullopt;
    rest.remove_prefix(1);
    if (!number(parts.emplace_back())) return std::nullopt;
  }
  double seconds = 0;
  if (has_days || parts.size() == 3) {  // hours first
    parts.resize(3);
    seconds = days * 86400 + parts[0] * 3600 + parts[1] * 60 + parts[2];
  } else {  // minutes first
    parts.resize(2);
    seconds = parts[0] * 60 + parts[1];
  }
  if (!(seconds > 0)) return std::nullopt;
  return seconds;
}

void check(const ArrayOptions& options) {
  const auto word = [](const char* option, const std::string& value, const char* what) {
    const bool is_word = std::none_of(value.begin(), value.end(), [](unsigned char c) {
      return std::isspace(c) || std::iscntrl(c) || c == '"' || c == '\\' || c == '\'';
    });
    if (!is_word) reject_option(option, value, "is no name", what);
  };
  word("--partition", options.partition, "a partition, as sinfo shows them");
  word("--account", options.account, "an account");
  if (!options.time.empty()) {
    const auto seconds = time_limit(options.time);
    if (!seconds)
      reject_option("--time", options.time, "is no time limit",
                    "minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes or "
                    "days-hours:minutes:seconds, and more than nothing");
    if (options.signal_before && static_cast<double>(*options.signal_before) >= *seconds)
      reject_option("--signal-before", fmt::format("{}", *options.signal_before), "is the whole time limit, or more",
                    fmt::format("less than the {} s of --time", *seconds));
  }
  if (!options.memory.empty()) {
    std::uint64_t amount = 0;
    const std::string& text = options.memory;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    const std::string unit(end, text.data() + text.size());
    if (error != std::errc() || unit.size() > 1 || std::string_view("KMGT").find(unit) == std::string_view::npos)
      reject_option("--mem", text, "is no amount of memory",
                    "a whole number of MB, or one with K, M, G or T behind, as 4G");
  }
  for (const std::string& extra : options.extra) {
    if (extra.size() < 2 || extra[0] != '-' || extra.find_first_of("\"\\\n") != std::string::npos)
      reject_option("--sbatch", extra, "is no option of sbatch",
                    "one that begins with -, such as --sbatch=--constraint=avx512");
    if (extra.starts_with("--array") || extra.starts_with("-a"))
      reject_option("--sbatch", extra, "is not free to choose", "--points-per-task and --throttle");
  }
}

std::string script(const Array& array, const ArrayOptions& options) {
  const std::string folder = array.folder.string();
  if (folder.find_first_of("\"\\\n") != std::string::npos)
    reject_option("--out", folder, "cannot be written into a script of Slurm", "a path without quotes and backslashes");
  std::string logs;
  for (const char c : folder) logs += c == '%' ? "%%" : std::string(1, c);  // %a is the task's number

  std::string text = "#!/bin/bash\n";
  const auto line = [&](const std::string& option) {
    const bool is_word = option.find_first_of(" \t'") == std::string::npos;
    text += is_word ? fmt::format("#SBATCH {}\n", option) : fmt::format("#SBATCH \"{}\"\n", option);
  };
  std::string name;
  for (const char c : array.name) name += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ? c : '_';
  line("--job-name=" + name);
  line(fmt::format("--array=0-{}{}", array.tasks - 1, options.throttle ? fmt::format("%{}", *options.throttle) : ""));
  line("--output=" + logs + "/%a.log");
  line("--open-mode=append");
  line("--nodes=1");
  line("--ntasks=1");
  line(fmt::format("--cpus-per-task={}", array.processors));
  line(options.requeue ? "--requeue" : "--no-requeue");
  std::uint64_t before = 120;
  if (options.signal_before)
    before = *options.signal_before;
  else if (const auto limit = time_limit(options.time); limit && *limit < 240)
    before = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(*limit / 2));
  line(fmt::format("--signal=B:USR1@{}", before));
  if (!options.partition.empty()) line("--partition=" + options.partition);
  if (!options.account.empty()) line("--account=" + options.account);
  if (!options.time.empty()) line("--time=" + options.time);
  if (!options.memory.empty()) line("--mem=" + options.memory);
  for (const std::string& extra : options.extra) line(extra);

  text +=
      "\n# rheo takes the place of the shell, so that Slurm's signals reach it: it writes checkpoints, and has the "
      "task "
      "run again.\nexec";
  for (const std::string& word : array.command) text += ' ' + shell_word(word);
  return text + (options.requeue ? " --requeue" : "") + " --task \"$SLURM_ARRAY_TASK_ID\"\n";
}

std::string submit(const std::filesystem::path& script) {
  const ProgramOutcome outcome = run_program({"sbatch", "--parsable", script.string()});
  if (!outcome.started)
    throw UserError({.file = "sbatch",
                     .problem = "cannot be started",
                     .expected = "Slurm's commands in PATH; --engine list is for other schedulers"});
  const std::string job = outcome.out.substr(0, outcome.out.find_first_of(";\n"));  // a cluster may stand behind it
  const bool is_number = !job.empty() && job.find_first_not_of("0123456789") == std::string::npos;
  if (outcome.code != 0 || !is_number)
    throw UserError(
        {.file = "sbatch",
         .problem = outcome.code != 0
                        ? fmt::format("refused the job with exit code {}: {}", outcome.code, trimmed(outcome.err))
                        : fmt::format("said no job's number but \"{}\"", trimmed(outcome.out))});
  return job;
}

std::optional<std::unordered_set<std::string>> queued_tasks() {
  const ProgramOutcome outcome = run_program({"squeue", "-h", "-r", "-o", "%F_%K"});
  if (!outcome.started || outcome.code != 0) return std::nullopt;
  std::unordered_set<std::string> all;
  std::istringstream stream(outcome.out);
  for (std::string task; stream >> task;) all.insert(task);
  return all;
}

std::uint64_t max_tasks() {
  constexpr std::uint64_t usual = 1000;
  const ProgramOutcome outcome = run_program({"scontrol", "show", "config"});
  const std::string key = "MaxArraySize";
  const std::size_t at = outcome.out.find(key);
  if (!outcome.started || outcome.code != 0 || at == std::string::npos) return usual;
  const std::size_t digits = outcome.out.find_first_of("0123456789", at + key.size());
  if (digits == std::string::npos) return usual;
  const std::uint64_t size = std::strtoull(outcome.out.c_str() + digits, nullptr, 10);
  return size > 0 ? size : usual;  // the largest number of a task is one less
}

std::string own_job() {
  const std::string array = variable("SLURM_ARRAY_JOB_ID"), task = variable("SLURM_ARRAY_TASK_ID");
  return array.empty() || task.empty() ? variable("SLURM_JOB_ID") : array + '_' + task;
}

std::string requeue_own_job() {
  const std::string job = own_job();
  if (job.empty()) return "this is no job of Slurm";
  // A job that was cancelled, or that Slurm requeues itself, is completing; scontrol would bring it back nevertheless.
  const ProgramOutcome state = run_program({"squeue", "-h", "-t", "all", "-j", job, "-o", "%T"});
  if (!state.started || state.code != 0) return "squeue: " + trimmed(state.err);
  if (trimmed(state.out) != "RUNNING") return {};
  const ProgramOutcome outcome = run_program({"scontrol", "requeue", job});
  return outcome.started && outcome.code == 0 ? "" : "scontrol requeue: " + trimmed(outcome.err);
}

}  // namespace slurm
}  // namespace rheo
