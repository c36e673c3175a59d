// The directory that a run writes to: which one it is, what is in it, and that nothing of somebody else is replaced.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/run.hpp"
#include "io/experiment.hpp"

namespace rheo {

inline constexpr const char* spike_file = "spikes.h5";  // the recorder's names
inline constexpr const char* report_file = "run.json";
inline constexpr const char* checkpoint_file = "checkpoint.h5";
inline constexpr const char* previous_checkpoint_file = "checkpoint.previous.h5";

// What the options say, else the experiment, else <stem of the file>.out.
std::filesystem::path output_directory(const RunOptions& options, const Experiment& experiment);

// What the run will record, relative to the output directory.
std::vector<std::string> recorded_files(const Experiment& experiment);

// A result of an earlier run may be replaced; recordings or a run.json of somebody else may not. Asked before the
// network is built, which may take minutes. Makes the directory. Returns what the earlier run recorded. Throws
// RecordingError.
std::vector<std::string> claim_directory(const std::filesystem::path& directory, const std::vector<std::string>& files);

// Removes what claim_directory() returned and this run will not replace, and checkpoints other than `kept`; after the
// earlier run.json was replaced.
void remove_earlier(const std::filesystem::path& directory, const std::vector<std::string>& earlier,
                    const std::vector<std::string>& files, const std::filesystem::path& kept);

}  // namespace rheo
