// Sorts spikes that do not fit into memory: sorted runs in a file beside the result, then merged. Memory holds `rows`
// spikes (24 bytes each), however many there are; the file takes 24 bytes per spike, twice that where more than
// `rows` x `fan_in` spikes need a second pass. It has no name, so that nothing is left of it, come what may.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "io/spikes/reader.hpp"

namespace rheo {

struct Spike {
  double time = 0;
  std::uint64_t node = 0;
  std::uint64_t population = 0;
};

// Whether a may stand before b: by population, then as the order says. Complete but for `none`: what is equal is the
// same bits, 0.0 and -0.0 are not.
bool in_order(const Spike& a, const Spike& b, SpikeOrder order);

class SpikeSorter {
 public:
  static constexpr std::size_t usual_rows = std::size_t{1} << 20;
  static constexpr std::size_t usual_fan_in = 64;
  // SpikeOrder::none sorts by population alone and keeps the order within. beside: the file that is being made.
  SpikeSorter(SpikeOrder order, std::filesystem::path beside, std::size_t rows = usual_rows,
              std::size_t fan_in = usual_fan_in);
  SpikeSorter(const SpikeSorter&) = delete;
  SpikeSorter& operator=(const SpikeSorter&) = delete;
  ~SpikeSorter();

  // Both throw RecordingError where the disk is full.
  void add(const Spike& spike);
  // Hands over all spikes, in pieces. Call once.
  void drain(const std::function<void(std::span<const Spike>)>& take);

 private:
  struct Run {
    std::uint64_t first = 0, count = 0;  // rows of the file
  };
  class RunFile;

  void sort_buffer();
  void spill();
  void merge(RunFile& from, std::span<const Run> runs, const std::function<void(std::span<const Spike>)>& take) const;

  SpikeOrder order_;
  std::filesystem::path beside_;
  std::size_t rows_, fan_in_;
  std::vector<Spike> buffer_;
  std::vector<Run> runs_;
  Spike last_;  // of the last run
  std::unique_ptr<RunFile> file_;
};

}  // namespace rheo
