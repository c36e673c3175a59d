// The names of all that a run keeps in its output directory beside the recordings that the experiment names. A
// recording may have none of them.
#pragma once

#include <string>

namespace rheo {

inline constexpr const char* spike_file = "spikes.h5";  // of record.spikes
inline constexpr const char* report_file = "run.json";
inline constexpr const char* page_file = "report.html";
inline constexpr const char* point_file = "point.json";     // of a run that is a point of a sweep
inline constexpr const char* directory_lock = "directory";  // directory.lock or directory.claim while a run is at work
inline constexpr const char* checkpoint_file = "checkpoint.h5";
inline constexpr const char* previous_checkpoint_file = "checkpoint.previous.h5";
// The name of what --checkpoint-at keeps: "checkpoint_500ms.h5".
std::string kept_checkpoint(double ms);

// Whether a file of this name is a checkpoint of one of the three kinds.
bool is_checkpoint_name(const std::string& name);

// What a run keeps under this name: "the newest checkpoint"; empty: nothing, so that a recording may have it.
std::string reserved_for(const std::string& name);

}  // namespace rheo
