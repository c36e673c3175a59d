// Trials that are done, one file each in the output directory, so that a task or a search that was stopped goes on with
// those that are missing, and one with more seeds computes only the new ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "apps/reservoir/trial.hpp"

namespace rheo {

class KeptTrials {
 public:
  // Makes the directory. version: of the program; trials of another one do not count. Throws RecordingError.
  KeptTrials(std::filesystem::path directory, std::string version);

  // identity: of everything but the seed that a result depends on (LearningExperiment::identity). Nothing where there
  // is no such trial, or its file is damaged.
  std::optional<Trial> find(std::uint64_t identity, std::uint64_t seed) const;
  // Throws RecordingError.
  void keep(std::uint64_t identity, std::uint64_t seed, const Trial& trial) const;

 private:
  std::filesystem::path path(std::uint64_t identity, std::uint64_t seed) const;

  std::filesystem::path directory_;
  std::string version_;
};

}  // namespace rheo
