// rheo report DIR: what a run or a sweep gave, as one page that opens without a network.
#include "apps/report/report.hpp"

#include <fmt/format.h>

#include <memory>

#include "apps/command/commands.hpp"
#include "apps/session/run_directory.hpp"
#include "core/errors.hpp"
#include "io/recording.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

struct ReportOptions {
  std::string directory, out, pictures;
};

report::Page page_of(const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    refuse_recording(directory, fs::exists(directory, error) ? "is no directory" : "there is no such directory",
                     "the output directory of rheo run, or the directory of rheo sweep");
  // A sweep has folders with a run.json; a run has no sweep.json.
  if (fs::exists(directory / "sweep.json", error)) return report::sweep_page(directory);
  if (fs::exists(directory / report_file, error)) return report::run_page(directory);
  if (fs::exists(directory / "results.json", error))
    refuse_recording(directory, "holds the results of a task, of which rheo report makes no page",
                     fmt::format("{} for the figures and {} for the numbers, which the task wrote itself",
                                 (directory / "results.svg").string(), (directory / "results.json").string()));
  refuse_recording(directory, "is neither a run nor a sweep: it has no run.json and no sweep.json",
                   "the output directory of rheo run, or the directory of rheo sweep");
}

void report_on(const ReportOptions& options) {
  const fs::path directory = options.directory;
  const report::Page page = recording_step(directory, [&] { return page_of(directory); });
  const fs::path file = options.out.empty() ? directory / page_file : fs::path(options.out);
  report::write_page(file, page);
  print(file.string() + "\n");
  if (options.pictures.empty()) return;
  const std::size_t pictures = page.write_pictures(options.pictures);
  print(fmt::format("{}: {} pictures\n", options.pictures, pictures));
}

}  // namespace

void add_report(CLI::App& app) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "show what a run or a sweep gave on one page of HTML");
  command->add_option("DIR", options->directory, "output directory of a run, or directory of a sweep")
      ->required()
      ->type_name("");
  command->add_option("--out", options->out, "the page (default: DIR/report.html)")->type_name("FILE");
  command->add_option("--svg", options->pictures, "write each picture as a file of its own, too")->type_name("DIR");
  command->callback([options] { report_on(*options); });
}

}  // namespace rheo
