// What a run or a sweep gave, as one page that opens without a network.
#pragma once

#include <filesystem>
#include <string>

#include "apps/report/page.hpp"

namespace rheo::report {

// Of the output directory of rheo run. Throws RecordingError.
Page run_page(const std::filesystem::path& directory);
// Of the directory of rheo sweep. Throws RecordingError.
Page sweep_page(const std::filesystem::path& directory);

}  // namespace rheo::report

namespace rheo {

struct ReportOptions {
  std::string directory;  // of a run or of a sweep
  std::string out;        // the page; empty: report.html there
  std::string pictures;   // a folder for each picture as a file of its own; empty: none
};

// Writes the page. Returns where it is, in words. Throws UserError.
std::string write_report(const ReportOptions& options);
// The same, and prints it. Returns the exit code.
int report_on(const ReportOptions& options);

}  // namespace rheo
