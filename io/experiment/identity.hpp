// A number for all that a result depends on: equal for equal settings and files, wherever these stand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "io/experiment/experiment.hpp"

namespace rheo {

std::uint64_t fnv_1a(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325u);

// FNV-1a over a file's bytes. Throws RecordingError.
std::uint64_t hash_of_file(const std::filesystem::path& file);

// Of a TOML file: all settings of its text with the overrides, but those entries of `table` (empty: of the file
// itself) that are named in `without`, and the content of `files`; the files that the settings come from count by
// these alone.
std::uint64_t identity_of(const std::string& file, const std::vector<std::string>& overrides, const std::string& table,
                          const std::vector<std::string>& without, const std::vector<std::string>& files);
// Of an experiment of either kind, with its seed. Neither title nor [sweep] count.
std::uint64_t identity_of(const Experiment& experiment);

}  // namespace rheo
