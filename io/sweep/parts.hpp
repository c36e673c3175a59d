// What the reader of [sweep] and the sweep itself share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/sweep/sweep.hpp"

namespace rheo::experiment_file {
class Field;
}

namespace rheo::sweep_file {

// A setting's part of Sweep::hash.
std::uint64_t hash_of(std::string_view key, std::string_view value);

// A number as a value of this key; whole numbers are written without a point, which is what keys that count need.
SweepValue number_value(const std::string& key, double number);

// Whether `key` is `outer` or below it.
bool is_within(std::string_view key, std::string_view outer);

inline bool is_drawn_design(std::string_view design) {
  return design == "random" || design == "latin_hypercube";
}

// Hashes of the bytes of files, each read once; 0 for what is no file.
class DataHashes {
 public:
  std::uint64_t hash(const std::filesystem::path& file);
  std::vector<std::string> files() const;

 private:
  std::map<std::string, std::uint64_t> hashes_;
};

// The settings below a key, added up as Sweep::hash says. `skipped`: keys that are left out with all below them.
std::uint64_t hash_settings(const TomlNode& node, const std::string& key, const std::set<std::string>& skipped,
                            DataHashes& data);

// The keys that make a table a range.
std::vector<std::string> names_of_ranges();

// keys: one, or several with commas. path: of the experiment, where files of values are looked for.
SweepAxis read_axis(const experiment_file::Field& field, const std::string& keys, const std::string& path,
                    const std::string& design, DataHashes& data);

}  // namespace rheo::sweep_file
