#include "core/loop/contracts.hpp"

#include <algorithm>

namespace rheo {

void PopulationBlock::read(std::size_t, Tick, std::span<const std::uint32_t>, double*) const {}
void PopulationBlock::write(std::size_t, Tick, std::span<const std::uint32_t>, const double*) {}

std::vector<PopulationShape> shapes_of(const std::vector<std::unique_ptr<PopulationBlock>>& populations) {
  std::vector<PopulationShape> shapes;
  for (const auto& population : populations)
    shapes.push_back(
        {population->size(), population->ports(), dynamic_cast<const EventBlock*>(population.get()) != nullptr});
  return shapes;
}

Lanes Lanes::cut(std::span<const PopulationShape> populations, std::size_t count) {
  Lanes lanes;
  lanes.pieces.assign(count, std::vector<Piece>(populations.size()));
  lanes.slots.assign(count, 0);
  lanes.owned = {0, count};
  std::uint64_t all_small = 0, small_before = 0;
  for (const PopulationShape& population : populations) all_small += population.size < count ? population.size : 0;
  for (std::size_t p = 0; p < populations.size(); ++p) {
    const std::uint64_t size = populations[p].size;
    // Whole cache lines of every column belong to one lane, unless that would make the lanes uneven.
    const std::uint64_t grain = size >= 16 * 64 * count ? 64 : 1;
    const bool small = size < count;
    const auto border = [&](std::size_t k) {
      if (small) {
        const std::uint64_t exact = all_small * k / count;
        return static_cast<std::uint32_t>(std::clamp(exact, small_before, small_before + size) - small_before);
      }
      const std::uint64_t exact = size * k / count;
      return static_cast<std::uint32_t>(k == count ? size : exact / grain * grain);
    };
    for (std::size_t k = 0; k < count; ++k) {
      Piece& piece = lanes.pieces[k][p];
      piece.begin = border(k);
      piece.end = border(k + 1);
      piece.first_slot = lanes.slots[k];
      lanes.slots[k] += populations[p].ports * (piece.end - piece.begin);
    }
    if (small) small_before += size;
  }
  return lanes;
}

}  // namespace rheo
