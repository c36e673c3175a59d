#include "io/files/run_files.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "io/text/numbers.hpp"

namespace rheo {

namespace {

constexpr std::string_view kept_begin = "checkpoint_", kept_end = "ms.h5";

}  // namespace

std::string kept_checkpoint(double ms) {
  return fmt::format("{}{}{}", kept_begin, ms, kept_end);
}

bool is_checkpoint_name(const std::string& name) {
  if (name == checkpoint_file || name == previous_checkpoint_file) return true;
  if (!name.starts_with(kept_begin) || !name.ends_with(kept_end)) return false;
  const std::string_view number = std::string_view(name).substr(kept_begin.size());
  return parse_number<double>(number.substr(0, number.size() - kept_end.size())).has_value();
}

std::string reserved_for(const std::string& name) {
  if (is_checkpoint_name(name)) return "the checkpoints of the run";
  static constexpr std::array<std::pair<const char*, const char*>, 5> own{
      {{spike_file, "record.spikes"},
       {report_file, "what rheo run says of itself"},
       {page_file, "the page of rheo report"},
       {task_file, "what readouts said and learnt"},
       {point_file, "what rheo sweep notes"}}};
  for (const auto& [file, use] : own)
    if (name == file) return use;
  // Drafts, unfinished recordings and locks.
  for (const char* suffix : {".part", ".new", ".tmp", ".lock", ".claim"})
    if (name.ends_with(suffix)) return "files that are not finished";
  return {};
}

}  // namespace rheo
