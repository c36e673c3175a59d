#include "apps/report/report.hpp"

#include <fmt/format.h>

#include "apps/session/print.hpp"
#include "apps/session/run_directory.hpp"
#include "core/diagnostics.hpp"
#include "io/files/recording.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

report::Page page_of(const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    reject_recording(directory, fs::exists(directory, error) ? "is no directory" : "there is no such directory",
                     "the output directory of rheo run, or the directory of rheo sweep");
  // A sweep has folders with a run.json; a run has no sweep.json.
  if (fs::exists(directory / "sweep.json", error)) return report::sweep_page(directory);
  if (fs::exists(directory / report_file, error)) return report::run_page(directory);
  if (fs::exists(directory / "results.json", error))
    reject_recording(directory, "holds the results of a task, of which rheo report makes no page",
                     fmt::format("{} for the figures and {} for the numbers, which the task wrote itself",
                                 (directory / "results.svg").string(), (directory / "results.json").string()));
  reject_recording(directory, "is neither a run nor a sweep: it has no run.json and no sweep.json",
                   "the output directory of rheo run, or the directory of rheo sweep");
}

}  // namespace

std::string write_report(const ReportOptions& options) {
  const fs::path directory = options.directory;
  const report::Page page = recording_step(directory, [&] { return page_of(directory); });
  const fs::path file = options.out.empty() ? directory / page_file : fs::path(options.out);
  report::write_page(file, page);
  std::string text = file.string() + "\n";
  if (!options.pictures.empty())
    text += fmt::format("{}: {} pictures\n", options.pictures, page.write_pictures(options.pictures));
  return text;
}

int report_on(const ReportOptions& options) {
  print(write_report(options));
  return 0;
}

}  // namespace rheo
