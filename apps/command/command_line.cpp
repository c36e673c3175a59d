// The sub-commands of rheo and their options: with help.hpp all that knows the library which reads them. Each add_*
// function declares a sub-command, which fills a plain struct and calls a plain function of a library or of
// commands.hpp.
#include "apps/command/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

#include "apps/command/commands.hpp"
#include "apps/command/help.hpp"
#include "apps/continual/run_task.hpp"
#include "apps/report/report.hpp"
#include "apps/reservoir/run_task.hpp"
#include "apps/session/checkpoints.hpp"
#include "apps/session/exit_codes.hpp"
#include "apps/session/print.hpp"
#include "apps/session/resume.hpp"
#include "apps/session/run.hpp"
#include "apps/sweep/sweep.hpp"
#include "core/diagnostics.hpp"
#include "core/version.hpp"
#include "io/text/numbers.hpp"

namespace rheo {

namespace {

// What a sub-command does once its options are read; its exit code becomes that of the program.
template <class Do>
void set_work(CLI::App& command, Do work) {
  command.callback([work] {
    if (const int code = work(); code != 0) throw CLI::RuntimeError(code);
  });
}

// What several sub-commands have in common.
template <class Text>
void add_name(CLI::App& command, const char* name, Text& to, const char* what) {
  command.add_option(name, to, what)->required()->type_name("");
}

void add_experiment(CLI::App& command, std::string& file) {
  add_name(command, "FILE", file, "experiment file or SONATA config");
}

template <class Whole>
void add_count(CLI::App& command, const char* name, Whole& to, const char* what, Whole most) {
  command.add_option(name, to, what)->check(CLI::Range(Whole{1}, most).description(""))->type_name("N");
}

void add_threads(CLI::App& command, unsigned& threads, const char* what = "threads (default: every usable processor)") {
  add_count(command, "--threads", threads, what, 4096u);
}

void add_layout(CLI::App& command, std::string& file) {
  command.add_option("--layout", file, "costs that choose the layout (docs/performance.md); results are the same")
      ->type_name("FILE");
}

void add_set(CLI::App& command, std::vector<std::string>& overrides,
             const char* what = "change one setting: populations.E.size=100; may be repeated") {
  command.add_option("--set", overrides, what)->type_name("KEY=VALUE")->allow_extra_args(false);
}

void add_plugins(CLI::App& command, std::vector<std::string>& plugins) {
  command.add_option("--plugin", plugins, "load the plasticity rules of this shared library; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

template <class Path>
void add_out(CLI::App& command, Path& out, const char* what, const char* type = "DIR") {
  command.add_option("--out", out, what)->type_name(type);
}

void add_quiet(CLI::App& command, bool& quiet, const char* what = "no progress, no summary") {
  command.add_flag("--quiet", quiet, what);
}

// take: what is done with the text, of which parse_wall_time() makes seconds.
template <class Take>
void add_checkpoint_every(CLI::App& command, Take take) {
  command
      .add_option_function<std::string>("--checkpoint-every", take,
                                        "write what rheo resume needs after each TIME: 60s, 5min, 1h")
      ->type_name("TIME")
      ->check([](const std::string& text) {
        return parse_wall_time(text) ? std::string()
                                     : fmt::format("\"{}\" is no time: a number > 0 and ms, s, min or h", text);
      });
}

// Checked as text: the library's conversion would take -1 and numbers that are too large.
std::string problem_of_seed(const std::string& text) {
  return parse_number<std::uint64_t>(text) ? std::string()
                                           : fmt::format("\"{}\" is not a whole number from 0 to 2^64 - 1", text);
}

void add_execution_flags(CLI::App& command, bool& quiet, bool& pin, bool& profile) {
  add_quiet(command, quiet, "no progress, no summary, no warnings");
  command.add_flag("--pin", pin, "keep each thread on one processor");
  command.add_flag("--profile", profile, "measure where the time goes");
}

// A sub-command that tells something, to a person or with --json to a program.
template <class Tell>
void set_telling(CLI::App& command, Tell tell) {
  const auto json = std::make_shared<bool>();
  command.add_flag("--json", *json, "print JSON, one object (docs/json.md)");
  set_work(command, [=] {
    print(*json ? json_text(tell().json, 2) + '\n' : tell().text);
    return 0;
  });
}

// A sub-command of nothing but a path.
template <class Do>
void add_of_path(CLI::App& app, const char* name, const char* what, const char* path_name, const char* path_what,
                 Do work) {
  const auto path = std::make_shared<std::string>();
  CLI::App& command = *app.add_subcommand(name, what);
  add_name(command, path_name, *path, path_what);
  set_work(command, [=] { return work(*path); });
}

void add_run(CLI::App& app) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App& command = *app.add_subcommand("run", "run an experiment file (TOML) or a SONATA config (.json)");
  add_experiment(command, options->file);
  add_threads(command, options->threads);
  command.add_option("--seed", options->seed, "instead of simulation.seed")->type_name("N")->check(problem_of_seed);
  add_set(command, options->overrides);
  add_plugins(command, options->plugins);
  add_out(command, options->out, "output directory (default: <name of FILE>.out)");
  command.add_flag("--overwrite", options->overwrite,
                   "replace what lies in the output directory: a resumable run, a result of other settings");
  add_checkpoint_every(command, [=](const std::string& text) { options->checkpoint_every = parse_wall_time(text); });
  command
      .add_option("--checkpoint-at", options->checkpoint_at,
                  "keep the state at this time of the simulation as checkpoint_<T>ms.h5; may be repeated")
      ->type_name("MS")
      ->allow_extra_args(false);
  add_layout(command, options->layout);
  // For tests: results do not depend on it.
  command.add_option("--lanes", options->lanes, "number of lanes")->check(CLI::Range(1u, 65536u))->group("");
  add_execution_flags(command, options->quiet, options->pin, options->profile);
  command.add_flag("--json", options->json, "print run.json and where the results are instead of the summary");
  set_work(command, [=] { return run_experiment(*options); });
}

void add_resume(CLI::App& app) {
  const auto options = std::make_shared<ResumeOptions>();
  CLI::App& command = *app.add_subcommand("resume", "go on with a run that was killed or stopped, from its checkpoint");
  add_name(command, "DIR", options->directory, "output directory of the run");
  command.add_option("--experiment", options->experiment, "the experiment file, where it has moved")->type_name("FILE");
  add_checkpoint_every(command, [=](const std::string& text) { options->checkpoint_every = parse_wall_time(text); });
  add_threads(command, options->threads);
  add_execution_flags(command, options->quiet, options->pin, options->profile);
  set_work(command, [=] { return resume_run(*options); });
}

void add_validate(CLI::App& app) {
  const auto options = std::make_shared<ValidateOptions>();
  CLI::App& command = *app.add_subcommand("validate", "check an experiment file or SONATA config without running it");
  add_experiment(command, options->file);
  add_plugins(command, options->plugins);
  add_set(command, options->overrides);
  set_telling(command, [=] { return validate_experiment(*options); });
}

void add_models(CLI::App& app) {
  const auto options = std::make_shared<ModelsOptions>();
  CLI::App& command =
      *app.add_subcommand("models", "list the neuron models and plasticity rules, or show one with all its parameters");
  command.add_option("NAME", options->model, "a neuron model")->type_name("");
  command.add_option("--rule", options->rule, "show this plasticity rule")->type_name("NAME");
  add_plugins(command, options->plugins);
  command.add_option("--markdown", options->folder, "write a page per model into this folder")->type_name("DIR");
  command.add_option("--markdown-rules", options->rules_folder, "write a page per rule into this folder")
      ->type_name("DIR");
  set_telling(command, [=] { return tell_of_models(*options); });
}

void add_inspect(CLI::App& app) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App& command = *app.add_subcommand("inspect", "build the network of an experiment and say what it is");
  add_experiment(command, options->file);
  command.add_flag("--graph", options->graph, "degrees, reciprocity, strong components, clustering and shortest paths");
  command.add_option("--samples", options->samples, "neurons looked at for clustering and paths (1000)")
      ->check(CLI::Range(1u, 4294967295u))
      ->type_name("N");
  command.add_option("--threads", options->threads, "threads to build with (every processor)")->type_name("N");
  add_layout(command, options->layout);
  add_plugins(command, options->plugins);
  add_set(command, options->overrides);
  set_telling(command, [=] { return inspect_network(*options); });
}

void add_reservoir(CLI::App& app) {
  const auto options = std::make_shared<ReservoirOptions>();
  CLI::App& command = *app.add_subcommand("reservoir", "run the learning task of an experiment file with [task]");
  add_name(command, "FILE", options->file, "experiment file");
  add_threads(command, options->threads, "trials at a time (default: every usable processor)");
  add_set(command, options->overrides, "change one setting: task.train=500; may be repeated");
  add_plugins(command, options->plugins);
  add_out(command, options->out, "output directory (default: <name of FILE>.out)");
  add_quiet(command, options->quiet);
  set_work(command, [=] { return run_reservoir_task(*options); });
}

void add_continual(CLI::App& app) {
  const auto options = std::make_shared<ContinualOptions>();
  CLI::App& command = *app.add_subcommand("continual", "learn tasks in sequence: [task] with kind = \"continual\"");
  add_name(command, "FILE", options->file, "experiment file");
  add_threads(command, options->threads);
  add_set(command, options->overrides, "change one setting: task.tasks=3; may be repeated");
  add_out(command, options->out, "output directory (default: <name of FILE>.out)");
  add_quiet(command, options->quiet);
  set_work(command, [=] { return run_continual_task(*options); });
}

void add_recover_and_verify(CLI::App& app) {
  add_of_path(app, "recover", "seal the spikes, reports and weights that a killed run left behind", "DIR",
              "output directory of the run", recover_run);
  add_of_path(app, "verify", "check recorded files: SHA-256, checksums, lengths and counts", "PATH",
              "output directory of a run, or one of its files", verify_files);
}

void add_export(CLI::App& app) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App& command =
      *app.add_subcommand("export", "write a network as SONATA, or recorded spikes as text, npz or NWB");
  CLI::Option* network =
      command.add_option("--network", options->network, "experiment file or SONATA config")->type_name("FILE");
  CLI::Option* spikes = command.add_option("SPIKES", options->spikes, "output directory of a run, or a spike file")
                            ->type_name("")
                            ->excludes(network);
  command
      .add_option("--format", options->format, "of spikes: gdf (id, time), csv (as bmtk writes it), npz (NumPy) or nwb")
      ->check(CLI::IsMember({"gdf", "csv", "npz", "nwb"}))
      ->type_name("FORMAT")
      ->needs(spikes);
  add_out(command, options->out, "directory of a network, file of spikes (- for stdout)", "PATH");
  command.add_option("--start", options->start, "of nwb: when the session began, in place of that of run.json")
      ->type_name("DATE")
      ->needs(spikes);
  add_set(command, options->overrides, "change one setting of the network; may be repeated");
  set_work(command, [=] { return export_files(*options); });
}

void add_convert(CLI::App& app) {
  const auto options = std::make_shared<ConvertFilesOptions>();
  CLI::App& command = *app.add_subcommand("convert", "spikes from SONATA, gdf or csv to SONATA, sorted");
  add_name(command, "IN", options->in, "output directory of a run, or a file with spikes (*.h5, *.gdf, *.dat, *.csv)");
  add_name(command, "OUT", options->out, "the SONATA file");
  command.add_option("--sort", options->sort, "by_time (then by id; the default), by_id (then by time), none")
      ->check(CLI::IsMember({"by_time", "by_id", "none"}))
      ->type_name("ORDER");
  command
      .add_option("--population", options->convert.population,
                  "the name for spikes without one, as in a gdf; else the only population to take")
      ->type_name("NAME");
  command.add_option("--from", options->from, "what IN is, whatever its name: sonata, gdf or csv")
      ->check(CLI::IsMember({"sonata", "gdf", "csv"}))
      ->type_name("FORMAT");
  command.add_option("--first-id", options->convert.first_id, "of a text: the first neuron's number (0; in NEST 1)")
      ->type_name("N");
  set_work(command, [=] { return convert_files(*options); });
}

void add_report(CLI::App& app) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App& command = *app.add_subcommand("report", "show what a run or a sweep gave on one page of HTML");
  add_name(command, "DIR", options->directory, "output directory of a run, or directory of a sweep");
  add_out(command, options->out, "the page (default: DIR/report.html)", "FILE");
  command.add_option("--svg", options->pictures, "write each picture as a file of its own, too")->type_name("DIR");
  set_work(command, [=] { return report_on(*options); });
}

void add_bench(CLI::App& app) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App& command = *app.add_subcommand("bench", "time an experiment, and show where the time goes");
  add_name(command, "FILE", options->what, "an experiment, \"neurons\" (every model) or \"limits\" (of the machine)");
  add_plugins(command, options->plugins);
  add_set(command, options->overrides, "change one setting, as for rheo run");
  command.add_option("--discard", options->discard, "simulated before the clock starts (default: 100)")
      ->check(CLI::Range(0.0, 1e9).description(""))
      ->type_name("MS");
  add_count(command, "--repeat", options->repeat, "times; the median counts", 1000u);
  add_threads(command, options->threads);
  command.add_flag("--pin", options->pin, "keep each thread on one processor");
  add_count(command, "--lanes", options->lanes, "number of lanes", 65536u);
  add_count(command, "--window", options->window, "ticks of a ring's window", 65536u);
  add_layout(command, options->layout);
  command.add_option("--delivery", options->delivery, "auto, ring or wheel")
      ->check(CLI::IsMember({"auto", "ring", "wheel"}));
  command.add_flag("!--no-shared-rows", options->share_rows, "every projection has rows of its own");
  command.add_flag("--json", options->json, "print JSON");
  command.add_flag("!--no-stages", options->stages, "do not time the stages (a few per cent faster)");
  command.add_flag("!--no-bound", options->bound, "do not measure the machine");
  set_work(command, [=] { return bench(*options); });
}

// Options of the processes that run points.
void add_point_options(CLI::App& command, SweepOptions& options) {
  add_count(command, "--jobs", options.jobs, "points at a time (default: every usable processor)", 4096u);
  add_count(command, "--threads-per-point", options.threads, "threads of each point (default: 1)", 4096u);
  command.add_flag("--retry-failed", options.retry_failed, "run points again that failed");
  add_quiet(command, options.quiet);
}

void add_sweep_status(CLI::App& sweep) {
  const auto options = std::make_shared<SweepStatusOptions>();
  CLI::App& command = *sweep.add_subcommand("status", "how far a sweep is, and what failed");
  add_name(command, "DIR", options->directory, "directory of the sweep");
  command.add_flag("--watch", options->watch, "again every two seconds, until the sweep has ended");
  command.add_flag("--json", options->json, "print JSON, one object each time (docs/json.md)");
  set_work(command, [=] { return show_sweep_status(*options); });
}

void add_sweep_run_points(CLI::App& sweep) {
  const auto options = std::make_shared<SweepPointsOptions>();
  CLI::App& command = *sweep.add_subcommand(
      "run-points", "run some points of a sweep that is laid out, beside others that do so: tasks of schedulers");
  add_name(command, "DIR", options->directory, "directory of the sweep");
  CLI::Option* points =
      command.add_option("--points", options->points, "numbers and folders' names: 0-9,12")->type_name("LIST");
  CLI::Option* tasks = command.add_option("--tasks", options->tasks, "a file with a line of points for each task")
                           ->type_name("FILE")
                           ->excludes(points);
  command.add_option("--task", options->task, "which line, from 0")->type_name("N")->needs(tasks);
  add_point_options(command, options->sweep);
  command.add_flag("--requeue", options->requeue, "where interrupted, have Slurm run the own job again");
  add_checkpoint_every(command,
                       [=](const std::string& text) { options->sweep.checkpoint_every = parse_wall_time(text); });
  set_work(command, [=] {
    if (options->points.empty() && !(tasks->count() > 0 && options->task))
      throw CLI::RequiredError("--points, or --tasks and --task");
    return run_sweep_points(*options);
  });
}

// Returns the options that not every engine has a use for.
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

void add_sweep(CLI::App& app) {
  const auto options = std::make_shared<SweepOptions>();
  CLI::App& command = *app.add_subcommand("sweep", "run all points of an experiment file with [sweep]");
  CLI::Option* file = command.add_option("FILE", options->file, "experiment file with [sweep]")->type_name("");
  add_out(command, options->out, "directory (default: <name of FILE>.sweep)");
  add_point_options(command, *options);
  add_set(command, options->overrides);
  add_plugins(command, options->plugins);
  add_checkpoint_every(command, [=](const std::string& text) {
    options->checkpoint_every = parse_wall_time(text);
    options->checkpoint_text = text;
  });
  const auto engine = std::make_shared<std::string>("local");
  const std::vector<CLI::Option*> of_schedulers = add_scheduler_options(command, *options, *engine);
  add_sweep_status(command);
  add_of_path(command, "collect", "one table of all points: sweep.csv and sweep.h5", "DIR", "directory of the sweep",
              collect_sweep);
  add_sweep_run_points(command);
  command.require_subcommand(0, 1);
  set_work(command, [=, &command] {
    if (!command.get_subcommands().empty()) return 0;
    if (file->count() == 0) throw CLI::RequiredError("FILE");
    std::vector<std::string> given;
    for (const CLI::Option* option : of_schedulers)
      if (option->count() > 0) given.push_back(option->get_name());
    choose_engine(*options, *engine, given);
    return start_sweep(*options);
  });
}

// The library would only say that a command is required.
void check_command(const CLI::App& app, const std::vector<std::string>& words) {
  if (words.empty() || words.front().starts_with('-')) return;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), words.front()) != names.end()) return;
  names.emplace_back("help");
  throw UserError({.value = fmt::format("\"{}\"", words.front()),
                   .problem = "unknown command",
                   .expected = fmt::format("one of {}", fmt::join(names, ", ")),
                   .suggestion = nearest(words.front(), names)});
}

}  // namespace

int run_command_line(std::vector<std::string> words) {
  CLI::App app("Rheobase: spiking networks, reproducible to the bit", "rheo");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("-V,--version", fmt::format("rheo {}", version));
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("rheo: {}\nTry rheo --help or rheo COMMAND --help.\n", error.what());
  });
  for (const auto add : {add_run, add_sweep, add_validate, add_models, add_inspect, add_resume, add_reservoir,
                         add_continual, add_recover_and_verify, add_export, add_convert, add_report, add_bench})
    add(app);
  // "help sweep" is "sweep --help".
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  check_command(app, words);
  std::reverse(words.begin(), words.end());               // as the library wants them
  const auto leave = [&](const CLI::ParseError& error) {  // --help and --version come here too, with code 0
    std::ostringstream out;
    const int code = app.exit(error, out, std::cerr);
    print(out.str());
    return code == 0 ? 0 : exit_user_error;
  };
  try {
    app.parse(std::move(words));
    return 0;
  } catch (const CLI::RuntimeError& end) {
    return end.get_exit_code();
  } catch (const CLI::ExtrasError& error) {
    try {
      reject_option(app, error);
    } catch (const CLI::ParseError& other) {
      return leave(other);
    }
  } catch (const CLI::ParseError& error) {
    return leave(error);
  }
}

}  // namespace rheo
