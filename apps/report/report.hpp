// The pages of rheo report.
#pragma once

#include <filesystem>

#include "apps/report/page.hpp"

namespace rheo::report {

// Of the output directory of rheo run. Throws RecordingError.
Page run_page(const std::filesystem::path& directory);
// Of the directory of rheo sweep. Throws RecordingError.
Page sweep_page(const std::filesystem::path& directory);

}  // namespace rheo::report
