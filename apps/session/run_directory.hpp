// The directory that a run writes to: which one it is, what is in it, and that nothing of somebody else is replaced.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/session/run.hpp"
#include "io/experiment/experiment.hpp"
#include "io/files/run_files.hpp"

namespace rheo {

// What the options say, else the experiment, else <stem of the file>.out.
std::filesystem::path output_directory(const RunOptions& options, const Experiment& experiment);

// What the run will record, relative to the output directory.
std::vector<std::string> recorded_files(const Experiment& experiment);

// Makes the directory where it is missing. Throws RecordingError where it cannot be written to.
void make_output_directory(const std::filesystem::path& directory);

// Throws RecordingError where the directory holds the results of another command, whose files would be mixed with ours.
enum class DirectoryUse { run, task };
void reject_other_use(const std::filesystem::path& directory, DirectoryUse ours);

// Whether the run of this directory reached its end.
bool is_finished(const std::filesystem::path& directory);

// A run says with this what it is about to do in a directory that it has locked.
struct RunClaim {
  std::vector<std::string> files;             // it will record
  std::vector<std::string> kept_checkpoints;  // it will keep
  std::optional<std::uint64_t> identity;      // of its experiment; nothing where that cannot be told
  bool overwrite = false;                     // the results of an earlier run, whatever they are
};
// Asked before the network is built, which may take minutes. A result of the same experiment may be replaced; a
// resumable run and a result of other settings only where the user says so; files of somebody else never. Returns what
// the earlier run recorded. Throws RecordingError.
std::vector<std::string> claim_directory(const std::filesystem::path& directory, const RunClaim& claim,
                                         const Experiment& experiment);

// Removes the checkpoints of an earlier run other than `kept`, which this run begins with.
void remove_checkpoints(const std::filesystem::path& directory, const std::filesystem::path& kept);
// Removes what claim_directory() returned, and unfinished recordings, where this run does not replace them; after the
// earlier run.json was replaced.
void remove_earlier(const std::filesystem::path& directory, const std::vector<std::string>& earlier,
                    const std::vector<std::string>& files);
// Removes what only an unfinished run needs: its newest two checkpoints and drafts of them. A process that was killed
// here leaves some to the next one.
void remove_leftovers(const std::filesystem::path& directory);

}  // namespace rheo
