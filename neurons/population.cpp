#include "neurons/population.hpp"

#include <bit>

namespace rheo {

void collect(const std::uint8_t* fired, std::size_t n, NeuronId first, std::vector<NeuronId>& to) {
  const auto take = [&](std::size_t at, std::uint64_t eight) {
    for (; eight != 0; eight &= eight - 1)
      to.push_back(first + static_cast<NeuronId>(at + static_cast<std::size_t>(std::countr_zero(eight)) / 8));
  };
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    std::uint64_t words[8];
    std::memcpy(words, fired + i, sizeof words);
    if ((words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7]) == 0) continue;
    for (std::size_t w = 0; w < 8; ++w) take(i + 8 * w, words[w]);
  }
  for (; i < n; ++i)
    if (fired[i] != 0) to.push_back(first + static_cast<NeuronId>(i));
}

}  // namespace rheo
