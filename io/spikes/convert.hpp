// Spikes of any source as a SONATA file like those that a run writes: other files and other orders of SONATA, and
// texts. The same spikes in the same order are the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/spikes/sorter.hpp"
#include "io/spikes/text.hpp"

namespace rheo {

struct ConvertOptions {
  SpikeOrder order = SpikeOrder::by_time;  // none: as in the source
  std::optional<SpikeText> text = {};      // the source is a text
  // Of a source with named populations, the only one that is taken; of one without, its name.
  std::string population = {};
  std::uint64_t first_id = 0;  // of a text: the number of the first neuron, which becomes 0
  std::size_t rows = SpikeSorter::usual_rows;
};

struct ConvertSummary {
  struct Population {
    std::string name;
    std::uint64_t spikes = 0;
  };
  std::vector<Population> populations;
};

// Replaces `to` by a complete file only; both may be the same. Memory holds a piece, see SpikeSorter, and what spikes
// that are not in order yet take on disk. Throws RecordingError.
ConvertSummary convert_spikes(const std::filesystem::path& from, const std::filesystem::path& to,
                              const ConvertOptions& options);

// Hands over the spikes of one population in this order, in pieces, at once where they are in order already.
void in_sorted_pieces(const StoredSpikes& spikes, SpikeOrder order, const std::filesystem::path& beside,
                      std::size_t rows, const std::function<void(std::span<const Spike>)>& take);

}  // namespace rheo
