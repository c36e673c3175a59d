// The names of all files that a run keeps in its output directory beside the recordings that the experiment names. A
// recording may have none of them.
#pragma once

#include <string>

namespace rheo {

inline constexpr const char* spike_file = "spikes.h5";  // of record.spikes
inline constexpr const char* report_file = "run.json";
inline constexpr const char* task_file = "task.h5";  // outputs and weights of readouts
inline constexpr const char* page_file = "report.html";
inline constexpr const char* point_file = "point.json";     // of a run that is a point of a sweep
inline constexpr const char* directory_lock = "directory";  // directory.lock or directory.claim while a run is at work
inline constexpr const char* checkpoint_file = "checkpoint.h5";
inline constexpr const char* previous_checkpoint_file = "checkpoint.previous.h5";
// The name of what --checkpoint-at keeps: "checkpoint_500ms.h5".
std::string kept_checkpoint(double ms);

// True for the names of checkpoints, of all three kinds.
bool is_checkpoint_name(const std::string& name);

// The use that a run has for a file of this name, such as "the checkpoints of the run"; empty where it has none, so
// that a recording may have the name.
std::string reserved_for(const std::string& name);

}  // namespace rheo
