// rheo sweep --engine list and slurm, and the processes that share a sweep. Slurm is played by scripts here;
// tests/cluster has a real one.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/apps/small_sweep.hpp"

namespace test_sweep_engines {

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool holds(const std::string& text, const std::string& part) {
  INFO(text << "\nhas not: " << part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

// The message of a command that must be refused.
std::string refused(const Scratch& scratch, const std::vector<std::string>& words) {
  Command command(scratch, words);
  CHECK(command.end() == 2);
  return command.err();
}

// sbatch, squeue and scontrol that are first in PATH while it lives. sbatch gives job 7; the file `queue` is what
// squeue says.
struct FakeSlurm {
  fs::path folder;
  std::string before = std::getenv("PATH");
  explicit FakeSlurm(const Scratch& scratch) : folder(scratch / "slurm_commands") {
    fs::create_directories(folder);
    say("sbatch", "cat \"$2\" >" + (folder / "submitted").string() + "; echo '7;test'");
    say("squeue", "cat " + (folder / "queue").string());
    say("scontrol", "echo 'MaxArraySize            = 10'");
    queue("");
    ::setenv("PATH", (folder.string() + ":" + before).c_str(), 1);
  }
  ~FakeSlurm() { ::setenv("PATH", before.c_str(), 1); }
  void say(const std::string& name, const std::string& script) const {
    std::ofstream(folder / name) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(folder / name, fs::perms::owner_all);
  }
  void queue(const std::string& text) const { std::ofstream(folder / "queue") << text; }
  std::string submitted() const { return bytes_of(folder / "submitted"); }
};

// The claim of a process on another host, on the points of `sweep`, and its journal.
struct Elsewhere {
  fs::path journal;
  explicit Elsewhere(const Sweep& sweep, const std::vector<Row>& rows) : journal(sweep.out / "journal" / "far.jsonl") {
    fs::create_directories(sweep.out / "claims");
    std::ofstream(journal) << R"({"event":"begin","time":1.0,"host":"far","process":1,"process_began":1,"jobs":1})"
                           << "\n";
    for (const Row& row : rows)
      std::ofstream(sweep.out / "claims" / fs::path(row.at("folder")).filename())
          << R"({"share":"far","host":"far","job":"","process":1,"process_began":1})"
          << "\n";
  }
  void seen(std::chrono::seconds ago) const { fs::last_write_time(journal, fs::file_time_type::clock::now() - ago); }
};

}  // namespace

TEST_CASE("commands of a list, each run twice at a time, run every point once and give the table of a local sweep") {
  const Scratch scratch;
  const Sweep calm(scratch, six, "calm", 300), list(scratch, six, "list", 300);
  REQUIRE(calm.run() == 0);
  std::vector<std::string> commands;
  {
    Command command(scratch, list.words({"--engine", "list"}));
    REQUIRE(command.end() == 0);
    commands = lines_of(command.out());
    holds(command.err(), "6 missing");
  }
  REQUIRE(commands.size() == 6);
  std::ofstream script(scratch / "all.sh");
  for (const std::string& command : commands) script << command << " &\n" << command << " &\n";
  script << "wait\n";
  script.close();
  REQUIRE(std::system(("cd / && sh '" + (scratch / "all.sh").string() + "'").c_str()) == 0);
  CHECK(list.journaled("running") == 6);
  CHECK(list.results() == calm.results());
  CHECK(fs::is_empty(list.out / "claims"));
  CHECK(list.status().find("finished              6\n") != std::string::npos);

  // Nothing is left; a local sweep agrees, and of a folder that is removed there is one command.
  CHECK(list.run() == 0);
  CHECK(list.journaled("running") == 6);
  fs::remove_all(list.out / list.collect()[2].at("folder"));
  Command command(scratch, list.words({"--engine", "list", "--quiet", "--jobs", "3", "--checkpoint-every", "2min"}));
  REQUIRE(command.end() == 0);
  const auto one = lines_of(command.out());
  REQUIRE(one.size() == 1);
  CHECK(one[0].find("'--jobs' '3'") != std::string::npos);
  CHECK(one[0].find("'--checkpoint-every' '2min'") != std::string::npos);
  CHECK(one[0].ends_with("--points " + fs::path(list.collect()[2].at("folder")).filename().string()));
}

TEST_CASE("points are chosen by number and by name, and those of an edited file are refused") {
  const Scratch scratch;
  const Sweep sweep(scratch, six);
  REQUIRE(code_of(scratch, sweep.words({"--engine", "list", "--points-per-task", "4"})) == 0);
  const std::string out = sweep.out.string();
  REQUIRE(code_of(scratch, {"sweep", "run-points", out, "--points", "1-2,5,2"}) == 0);
  CHECK(sweep.journaled("running") == 3);
  const auto rows = sweep.collect();
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(rows[i].at("state") == (i == 1 || i == 2 || i == 5 ? "finished" : "waiting"));

  holds(refused(scratch, {"sweep", "run-points", out, "--points", "4-6"}),
        "--points = 4-6: is out of range: there are 6");
  holds(refused(scratch, {"sweep", "run-points", out, "--points", "2-1"}),
        "--points = 2-1: is neither point nor range");
  holds(refused(scratch, {"sweep", "run-points", out, "--points", ""}), "--points");
  holds(refused(scratch, {"sweep", "run-points", out}), "--points, or --tasks and --task");
  holds(refused(scratch, {"sweep", "run-points", (scratch / "no").string(), "--points", "1"}), "sweep.json");
  std::ofstream(scratch / "tasks.txt") << "0 3\n4\n";
  const std::string tasks = (scratch / "tasks.txt").string();
  holds(refused(scratch, {"sweep", "run-points", out, "--tasks", tasks, "--task", "2"}), "--task = 2: ");
  REQUIRE(code_of(scratch, {"sweep", "run-points", out, "--tasks", tasks, "--task", "1"}) == 0);
  CHECK(sweep.collect()[4].at("state") == "finished");

  const std::string name = fs::path(rows[0].at("folder")).filename().string();
  write_sweep(scratch, six, 51);
  holds(refused(scratch, {"sweep", "run-points", out, "--points", name}), "the first is " + name);
  CHECK(sweep.collect()[0].at("state") == "waiting");
}

TEST_CASE("points of a process on another host are left to it while it lives, and taken over when it does not") {
  const Scratch scratch;
  const Sweep sweep(scratch, six);
  REQUIRE(code_of(scratch, sweep.words({"--engine", "list"})) == 0);
  const auto rows = sweep.collect();
  const Elsewhere elsewhere(sweep, {rows[0], rows[1]});
  {
    elsewhere.seen(std::chrono::seconds(60));
    Command command(scratch, sweep.words());
    REQUIRE(comes_true([&] { return sweep.journaled("finished") == 4; }));
    elsewhere.seen(std::chrono::seconds(1));  // alive
    CHECK(command.end() == 75);
    holds(command.out(), "2 run by other processes");
  }
  CHECK(sweep.journaled("running") == 4);
  elsewhere.seen(std::chrono::seconds(400));
  CHECK(sweep.run() == 0);
  CHECK(sweep.journaled("running") == 6);
  CHECK(fs::is_empty(sweep.out / "claims"));

  // What is no claim, or of a process of this host that is gone, is in nobody's way.
  for (const Row& row : rows) fs::remove_all(sweep.out / row.at("folder"));
  std::ofstream(sweep.out / "claims" / fs::path(rows[0].at("folder")).filename()) << "{\"sha";
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::ofstream(sweep.out / "claims" / fs::path(rows[1].at("folder")).filename())
      << R"({"share":"0","host":")" << host.data() << R"(","job":"","process":1,"process_began":12345})"
      << "\n";
  CHECK(sweep.run() == 0);
  CHECK(sweep.journaled("running") == 12);
  CHECK(fs::is_empty(sweep.out / "claims"));
}

TEST_CASE("an array is submitted, and what waits in the queue is not submitted again") {
  const Scratch scratch;
  const FakeSlurm slurm(scratch);
  const Sweep sweep(scratch, six, "out %a");
  const std::vector<std::string> options{"--engine",
                                         "slurm",
                                         "--points-per-task",
                                         "2",
                                         "--throttle",
                                         "2",
                                         "--partition",
                                         "low",
                                         "--account",
                                         "lab",
                                         "--time",
                                         "1-12",
                                         "--mem",
                                         "4G",
                                         "--sbatch=--nice=100",
                                         "--jobs",
                                         "2",
                                         "--sbatch",
                                         "--comment=a b",
                                         "--threads-per-point",
                                         "3"};
  const auto run = [&](std::vector<std::string> more, int code) {
    more.insert(more.end(), options.begin(), options.end());
    Command command(scratch, sweep.words(more));
    CHECK(command.end() == code);
    return command.out() + command.err();
  };
  const std::string dry = run({"--dry-run"}, 0);
  CHECK_FALSE(fs::exists(sweep.out));
  for (const char* line :
       {"--array=0-2%2", "--partition=low", "--account=lab", "--time=1-12", "--mem=4G", "--nice=100",
        "\"--comment=a b\"", "--cpus-per-task=6", "--requeue", "--signal=B:USR1@120", "--open-mode=append"})
    holds(dry, std::string("#SBATCH ") + line + "\n");
  holds(dry, "out %%a/slurm/1/%a.log\"\n");
  holds(dry, "\nexec '");

  holds(run({}, 0), "submitted    job 7: 3 tasks of 2 points");
  CHECK(dry.starts_with(slurm.submitted()));
  CHECK(bytes_of(sweep.out / "slurm" / "1" / "job.txt") == "7\n");
  const auto tasks = lines_of(bytes_of(sweep.out / "slurm" / "1" / "tasks.txt"));
  REQUIRE(tasks.size() == 3);

  // Task 0 ran, task 1 waits, task 2 is gone.
  const std::string file = (sweep.out / "slurm" / "1" / "tasks.txt").string();
  REQUIRE(code_of(scratch, {"sweep", "run-points", sweep.out.string(), "--tasks", file, "--task", "0"}) == 0);
  slurm.queue("7_1\n6_2\n7_N/A\n");
  holds(sweep.status(), "Slurm has   1 task that wait or run");
  holds(run({}, 0), "2 finished, 0 failed, 2 in Slurm's queue, 2 missing");
  CHECK(bytes_of(sweep.out / "slurm" / "2" / "tasks.txt") == tasks[2] + "\n");
  slurm.say("squeue", "exit 1");
  holds(refused(scratch, sweep.words({"--engine", "slurm"})), "squeue: does not say which tasks");
}

TEST_CASE("a task that was on another host is known by its job") {
  const Scratch scratch;
  const FakeSlurm slurm(scratch);
  const Sweep sweep(scratch, six);
  REQUIRE(code_of(scratch, sweep.words({"--engine", "slurm", "--points-per-task", "3"})) == 0);
  const auto rows = sweep.collect();
  // It was killed while it ran the first point.
  const std::string point = fs::path(rows[0].at("folder")).filename().string();
  fs::create_directories(sweep.out / rows[0].at("folder"));
  const fs::path journal = sweep.out / "journal" / "slurm-7_0.jsonl";
  std::ofstream(journal)
      << R"({"event":"begin","time":1.0,"host":"far","job":"7_0","process":1,"process_began":1,"jobs":1})"
      << "\n"
      << R"({"point":")" << point << R"(","state":"running","time":2.0})"
      << "\n";
  fs::create_directories(sweep.out / "claims");
  std::ofstream(sweep.out / "claims" / point)
      << R"({"share":"slurm-7_0","host":"far","job":"7_0","process":1,"process_began":1})"
      << "\n";
  slurm.queue("7_0\n7_1\n");
  CHECK(sweep.collect()[0].at("state") == "running");
  holds(sweep.status(), "process 1 on far, job 7_0");
  slurm.queue("7_1\n");
  CHECK(sweep.collect()[0].at("state") == "interrupted");

  // Slurm starts it again here: it takes its points without waiting for five minutes of silence.
  ::setenv("SLURM_ARRAY_JOB_ID", "7", 1);
  ::setenv("SLURM_ARRAY_TASK_ID", "0", 1);
  const std::string tasks = (sweep.out / "slurm" / "1" / "tasks.txt").string();
  const int code = code_of(scratch, {"sweep", "run-points", sweep.out.string(), "--tasks", tasks, "--task", "0"});
  ::unsetenv("SLURM_ARRAY_JOB_ID");
  ::unsetenv("SLURM_ARRAY_TASK_ID");
  CHECK(code == 0);
  CHECK(sweep.collect()[0].at("state") == "finished");
  CHECK(fs::is_empty(sweep.out / "claims"));
  CHECK(lines_of(bytes_of(journal)).size() == 2 + 1 + 6 + 1);
}

TEST_CASE("a failed point runs again in a task that is told so, and once only") {
  const Scratch scratch;
  const FakeSlurm slurm(scratch);
  const Sweep sweep(scratch, R"([sweep.axes]
"populations.E.size" = [20, 40]
"projections.excitation.connect.indegree" = [4, 30]
)");
  CHECK(sweep.run() == 1);
  const auto submit = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"--engine", "slurm"};
    words.insert(words.end(), more.begin(), more.end());
    Command command(scratch, sweep.words(words));
    const int code = command.end();
    return std::to_string(code) + " " + command.out();
  };
  holds(submit({}), "1 points       4: 3 finished, 1 failed, 0 missing\nnothing is submitted");
  holds(submit({"--retry-failed"}), "0 points       4: 3 finished, 0 failed, 1 missing\nsubmitted");
  const std::string tasks = (sweep.out / "slurm" / "1" / "tasks.txt").string();
  ::setenv("SLURM_ARRAY_JOB_ID", "7", 1);
  ::setenv("SLURM_ARRAY_TASK_ID", "0", 1);
  std::vector<int> codes;
  for (int start = 0; start < 2; ++start)  // the second as after a requeue
    codes.push_back(code_of(
        scratch, {"sweep", "run-points", sweep.out.string(), "--tasks", tasks, "--task", "0", "--retry-failed"}));
  ::unsetenv("SLURM_ARRAY_JOB_ID");
  ::unsetenv("SLURM_ARRAY_TASK_ID");
  CHECK(codes == std::vector<int>{1, 1});
  CHECK(sweep.journaled("running") == 5);
}

TEST_CASE("what Slurm refuses is shown, and options that make no sense are refused") {
  const Scratch scratch;
  const FakeSlurm slurm(scratch);
  const Sweep sweep(scratch, six);
  const auto message = [&](const std::vector<std::string>& more) { return refused(scratch, sweep.words(more)); };
  holds(message({"--engine", "slrm"}),
        "--engine = slrm: unknown engine; expected one of local, slurm, list; did you mean \"slurm\"?");
  for (const char* option : {"--partition=a", "--account=a", "--time=3", "--mem=3", "--throttle=3", "--signal-before=3",
                             "--sbatch=--nice", "--no-requeue", "--dry-run"}) {
    const std::string text(option), name = text.substr(0, text.find('='));
    holds(message({option}), name + ": is not for --engine local; expected --engine slurm");
    CHECK(code_of(scratch, sweep.words({"--engine", "list", option})) == 2);
  }
  holds(message({"--points-per-task", "3"}), "expected --engine slurm or list");
  for (const char* time : {"1h", "0", "1:2:3:4", "-3", "1-", "1-2:", "0:0", "3.5", "99999999999"}) {
    holds(message({"--engine", "slurm", std::string("--time=") + time}),
          std::string("--time = ") + time + ": is no time");
  }
  for (const char* time : {"1", "1:30", "1:2:3", "1-2", "1-2:3", "1-2:3:4", "UNLIMITED"})
    CHECK(code_of(scratch, sweep.words({"--engine", "slurm", "--dry-run", "--time", time})) == 0);
  holds(message({"--engine", "slurm", "--time=1", "--signal-before=60"}),
        "--signal-before = 60: is the whole time limit");
  holds(message({"--engine", "slurm", "--mem=4X"}), "--mem = 4X: is no amount of memory");
  holds(message({"--engine", "slurm", "--partition=a b"}), "--partition = a b: is no name");
  holds(message({"--engine", "slurm", "--sbatch=nice"}), "--sbatch = nice: is no option of sbatch");
  holds(message({"--engine", "slurm", "--sbatch=--array=1-3"}), "--sbatch = --array=1-3: is not free to choose");
  CHECK_FALSE(fs::exists(sweep.out / "slurm"));

  slurm.say("scontrol", "echo 'MaxArraySize            = 5'");
  holds(message({"--engine", "slurm", "--points-per-task", "1"}),
        "--points-per-task = 1: makes 6 tasks, and an array has at most 5; expected 2 or more for 6 points");
  {
    Command command(scratch, sweep.words({"--engine", "slurm", "--dry-run"}));
    CHECK(command.end() == 0);
    holds(command.out(), "#SBATCH --array=0-2\n");
  }
  slurm.say("sbatch", "echo 'sbatch: error: invalid partition specified: low' >&2; exit 3");
  holds(message({"--engine", "slurm"}),
        "sbatch: refused the job with exit code 3: sbatch: error: invalid partition specified: low");
  slurm.say("sbatch", "echo no number");
  holds(message({"--engine", "slurm"}), "said no job's number but \"no number\"");
  CHECK(fs::is_empty(sweep.out / "slurm"));
  ::setenv("PATH", scratch.path.c_str(), 1);
  holds(message({"--engine", "slurm"}), "sbatch: cannot be started; expected Slurm's commands in PATH");
}

TEST_CASE("a command of a list stays on one line, whatever the folder is called") {
  const Scratch scratch;
  const Sweep sweep(scratch, six, "a'b\n\\touch owned\n#");
  Command list(scratch, sweep.words({"--engine", "list", "--quiet"}));
  REQUIRE(list.end() == 0);
  const std::vector<std::string> lines = lines_of(list.out());
  REQUIRE(lines.size() == 6);
  for (const std::string& line : lines) {
    CAPTURE(line);
    CHECK(line.find("run-points") != std::string::npos);
    std::ofstream(scratch / "one.sh") << line << '\n';
    CHECK(std::system(("cd " + scratch.path.string() + " && bash one.sh").c_str()) == 0);
  }
  CHECK_FALSE(fs::exists(scratch / "owned"));
  CHECK(sweep.status().find("finished              6") != std::string::npos);
}

}  // namespace test_sweep_engines
