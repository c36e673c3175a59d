#include "apps/run_directory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/errors.hpp"
#include "io/checkpoint.hpp"
#include "io/recording.hpp"

namespace rheo {

namespace fs = std::filesystem;

fs::path output_directory(const RunOptions& options, const Experiment& experiment) {
  if (!options.out.empty()) return options.out;
  if (!experiment.output_directory.empty()) return experiment.output_directory;
  const fs::path stem = fs::path(options.file).stem();
  return fs::path(stem.empty() ? fs::path("rheo") : stem).concat(".out");
}

std::vector<std::string> recorded_files(const Experiment& experiment) {
  std::vector<std::string> files;
  if (experiment.record.present) files.emplace_back(spike_file);
  for (const RecordStates& report : experiment.reports)
    files.insert(files.end(), report.files.begin(), report.files.end());
  for (const RecordWeights& weights : experiment.weights) files.push_back(weights.file);
  return files;
}

std::vector<std::string> claim_directory(const fs::path& directory, const std::vector<std::string>& files) {
  const auto refuse = [](const fs::path& file, std::string problem, std::string expected) {
    throw RecordingError({.file = file.string(),
                          .key = {},
                          .value = {},
                          .problem = std::move(problem),
                          .expected = std::move(expected),
                          .suggestion = {}});
  };
  const auto refuse_foreign = [&](const fs::path& file) {
    refuse(file, "lies in the output directory and was not written by rheo run", "another directory with --out");
  };
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) refuse(directory, fmt::format("cannot be made ({})", error.message()), "another directory with --out");
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    refuse(directory, "cannot be written to", "another directory with --out");
  }
  for (const std::string& file : files) {
    if (!fs::exists(part_of(directory / file), error)) continue;
    refuse(part_of(directory / file), "another run still writes here, or left its results behind",
           fmt::format("\"rheo {} {}\" first, or another directory with --out",
                       find_checkpoints(directory).empty() ? "recover" : "resume", directory.string()));
  }
  if (!fs::exists(directory / report_file, error)) {
    for (const std::string& file : files)
      if (fs::exists(directory / file, error)) refuse_foreign(directory / file);
    return {};
  }
  std::ifstream stream(directory / report_file);
  const auto json = nlohmann::json::parse(stream, nullptr, false);
  if (!json.is_object() || !json.contains("rheobase") || !json.contains("status"))
    refuse_foreign(directory / report_file);
  std::vector<std::string> earlier{spike_file};
  if (const auto listed = json.find("files"); listed != json.end() && listed->is_array())
    for (const auto& file : *listed)
      if (file.is_string()) earlier.push_back(file.get<std::string>());
  return earlier;
}

void remove_earlier(const fs::path& directory, const std::vector<std::string>& earlier,
                    const std::vector<std::string>& files, const fs::path& kept) {
  std::error_code ignored;
  for (const std::string& file : earlier) {
    // Only plain names: its run.json might say anything.
    const bool is_plain = fs::path(file).filename() == file && fs::path(file).extension() == ".h5";
    if (is_plain && std::find(files.begin(), files.end(), file) == files.end()) fs::remove(directory / file, ignored);
  }
  for (const fs::path& checkpoint : find_checkpoints(directory)) {
    try {
      checkpoint_tick(checkpoint);
    } catch (const RecordingError&) {
      continue;  // perhaps somebody else's
    }
    if (kept.empty() || !fs::equivalent(checkpoint, kept, ignored)) fs::remove(checkpoint, ignored);
  }
}

}  // namespace rheo
