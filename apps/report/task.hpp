// The part of a run's page that is about its task, where it has one.
#pragma once

#include <filesystem>

#include "apps/report/page.hpp"
#include "apps/report/run_file.hpp"

namespace rheo::report {

// Nothing where the run has no scores and no task.h5. Throws h5::Error that names the dataset, and RecordingError.
void add_task(Page& page, const RunFile& run, const std::filesystem::path& directory);

}  // namespace rheo::report
