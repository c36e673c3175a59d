#include "io/statistics.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/time.hpp"

namespace rheo {

SpikeStatistics::SpikeStatistics(const std::vector<PopulationInfo>& populations, Tick discard)
    : populations_(populations), discard_(discard) {
  std::vector<PopulationInfo> sorted = populations;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::size_t total = 0;
  for (const PopulationInfo& population : sorted) {
    const std::uint64_t end = std::uint64_t{population.first} + population.size;
    if (!ranges_.empty() && population.first <= ranges_.back().end) {
      // A population given twice is in the range already.
      total += end > ranges_.back().end ? end - ranges_.back().end : 0;
      ranges_.back().end = std::max(ranges_.back().end, end);
    } else {
      ranges_.push_back({population.first, end, total});
      total += population.size;
    }
  }
  neurons_.resize(total);
}

void SpikeStatistics::take(const SpikeBatch& batch) {
  for (std::size_t k = 0; k < batch.ticks(); ++k) {
    const Tick now = batch.tick(k);
    if (now <= discard_) continue;
    const auto spikes = batch.at(k);
    auto spike = spikes.begin();
    for (const Range& range : ranges_) {
      while (spike != spikes.end() && *spike < range.first) ++spike;
      for (; spike != spikes.end() && *spike < range.end; ++spike) {
        Neuron& neuron = neurons_[range.offset + (*spike - range.first)];
        if (neuron.count++ == 0) {
          neuron.first = now;
        } else {
          const auto interval = static_cast<double>(now - neuron.last);
          neuron.squares += interval * interval;
        }
        neuron.last = now;
      }
      if (spike == spikes.end()) break;
    }
  }
}

std::size_t SpikeStatistics::offset_of(NeuronId first) const {
  const auto range =
      std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& r) { return r.first <= first && first <= r.end; });
  assert(range != ranges_.end());
  return range->offset + (first - range->first);
}

std::uint64_t SpikeStatistics::count(std::size_t population, std::uint32_t neuron) const {
  assert(population < populations_.size() && neuron < populations_[population].size);
  return neurons_[offset_of(populations_[population].first) + neuron].count;
}

std::vector<PopulationStatistics> SpikeStatistics::results(Tick now, double dt) const {
  std::vector<PopulationStatistics> all;
  const double seconds = now > discard_ ? tick_to_ms(now - discard_, dt) / 1000 : 0;
  for (const PopulationInfo& population : populations_) {
    PopulationStatistics result;
    result.name = population.name;
    result.size = population.size;
    const std::size_t begin = offset_of(population.first);
    double sum = 0;
    for (std::size_t i = begin; i < begin + population.size; ++i) {
      const Neuron& neuron = neurons_[i];
      result.spikes += neuron.count;
      if (neuron.count < 3) continue;
      const auto n = static_cast<double>(neuron.count - 1);
      const double mean = static_cast<double>(neuron.last - neuron.first) / n;
      const double variance = std::max(0.0, neuron.squares / n - mean * mean);
      sum += std::sqrt(variance) / mean;
      ++result.cv_neurons;
    }
    if (population.size != 0 && seconds > 0) {
      result.rate = static_cast<double>(result.spikes) / population.size / seconds;
    }
    if (result.cv_neurons != 0) result.cv_isi = sum / result.cv_neurons;
    all.push_back(std::move(result));
  }
  return all;
}

}  // namespace rheo
