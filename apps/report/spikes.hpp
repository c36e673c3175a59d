// What a report says about recorded spikes. The file is read in pieces, once for the figures and once more for the
// raster; memory holds some numbers per neuron and the spikes that the raster shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/types.hpp"

namespace rheo::report {

// What is known of a recording beside its file.
struct SpikeTimes {
  double dt = 0.1;                                     // ms
  Tick begin = 0, end = 0;                             // spikes are after begin, up to and including end
  bool end_is_known = true;                            // else it becomes the last spike's tick
  std::vector<std::pair<Tick, Tick>> spans = {};       // recorded, each (begin, end]; none: all
  std::vector<std::string> order = {};                 // of populations
  std::map<std::string, std::uint64_t> sizes = {};     // of populations, where they are known
  std::map<std::string, std::uint64_t> recorded = {};  // neurons of which spikes are recorded, where it is known
};

struct PopulationSpikes {
  std::string name;
  std::uint64_t size = 0, recorded = 0;  // neurons
  bool size_is_known = true;             // else the highest number that spiked, and one
  std::uint64_t spikes = 0;
  std::vector<double> rates = {};          // Hz, by bins of SpikeFigures::bin; NaN where nothing was recorded
  std::vector<double> intervals = {};      // by bins of SpikeFigures::interval_ends
  std::vector<float> neuron_rates = {};    // Hz, of neurons that spiked
  std::uint64_t silent = 0;                // recorded neurons that did not
  std::vector<float> cvs = {};             // of neurons with two intervals or more
  std::vector<std::uint32_t> counts = {};  // spikes of each neuron
};

struct SpikeFigures {
  SpikeTimes times;  // with the end known
  Tick bin = 1;      // of rates; the last one may be shorter
  std::vector<Tick> interval_ends;
  std::vector<PopulationSpikes> populations;
  std::uint64_t spikes() const;
};

// Throws h5::Error about a file that holds something else, or spikes that the run cannot have had. A file that is
// still written is read as far as it is whole.
SpikeFigures read_spike_figures(const std::filesystem::path& file, const SpikeTimes& times);

// Base64 takes a third more; the rest of the page is some 100 kB, and its settings at most 256 KiB.
inline constexpr std::size_t raster_bytes = 3'100'000;

// Spikes for the raster: of every `step`-th neuron of each population, and of these every `every`-th spike, so that no
// more than `most_bytes` are needed.
struct Raster {
  struct Population {
    std::uint64_t shown = 0;           // spikes
    std::vector<std::uint32_t> begin;  // of neuron k * step in ticks; one more than there are such neurons
    std::vector<std::int64_t> ticks;
    std::string bytes;  // by neuron: number of spikes, ticks since SpikeTimes::begin or the spike before; LEB128 each
  };
  std::uint64_t step = 1, every = 1;
  std::vector<Population> populations;  // as in the figures
  std::uint64_t shown() const;
};
Raster read_raster(const std::filesystem::path& file, const SpikeFigures& figures, std::size_t most_bytes,
                   std::uint64_t most_spikes);

// "All 12 recorded spikes.", or which of them.
std::string thinned_text(const Raster& raster, std::uint64_t spikes);

std::string base64(const std::string& bytes);

}  // namespace rheo::report
