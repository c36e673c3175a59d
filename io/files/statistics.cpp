#include "io/files/statistics.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "core/time.hpp"

namespace rheo {

Tick synchrony_bin(double dt) {
  return std::max<Tick>(1, ms_to_tick_nearest(3.0, dt));
}

void SpikeStatistics::Range::count(Tick bin_now, std::uint64_t spikes) {
  if (bin_now != bin) {
    in_bins += in_bin;
    squares += in_bin * in_bin;
    in_bin = 0;
    bin = bin_now;
  }
  in_bin += spikes;
}

SpikeStatistics::SpikeStatistics(const std::vector<PopulationInfo>& populations, Tick discard, Tick bin)
    : populations_(populations), discard_(discard), bin_(bin) {
  std::vector<PopulationInfo> sorted = populations;
  const auto extent = [](const PopulationInfo& one) { return std::pair(one.first, one.size); };
  std::sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) { return extent(a) < extent(b); });
  std::size_t total = 0;
  for (const PopulationInfo& population : sorted) {
    const std::uint64_t end = std::uint64_t{population.first} + population.size;
    if (!ranges_.empty() && ranges_.back().first == population.first && ranges_.back().end == end) continue;
    assert(ranges_.empty() || ranges_.back().end <= population.first);
    ranges_.push_back({population.first, end, total});
    total += population.size;
  }
  neurons_.resize(total);
}

void SpikeStatistics::take(const SpikeBatch& batch) {
  for (std::size_t k = 0; k < batch.ticks(); ++k) {
    const Tick now = batch.tick(k);
    if (now <= discard_) continue;
    const auto spikes = batch.at(k);
    auto spike = spikes.begin();
    auto next = ranges_.begin();
    while (spike != spikes.end()) {
      // Where populations are many, few of them spike in a tick.
      next = std::ranges::upper_bound(next, ranges_.end(), *spike, {}, &Range::end);
      if (next == ranges_.end()) break;
      Range& range = *next;
      while (spike != spikes.end() && *spike < range.first) ++spike;
      const auto first = spike;
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
      if (bin_ != 0 && spike != first)
        range.count((now - discard_ - 1) / bin_, static_cast<std::uint64_t>(spike - first));
    }
  }
}

namespace {

template <class Struct, class T>
void put(ByteWriter& to, const char* name, const std::vector<Struct>& all, T Struct::*member) {
  std::vector<T> values;
  values.reserve(all.size());
  for (const Struct& one : all) values.push_back(one.*member);
  to.put(name, std::span<const T>(values));
}

template <class Struct, class T>
void get(ByteReader& from, const char* name, std::vector<Struct>& all, T Struct::*member) {
  std::vector<T> values(all.size());
  from.get(name, std::span<T>(values));
  for (std::size_t i = 0; i < values.size(); ++i) all[i].*member = values[i];
}

}  // namespace

void SpikeStatistics::save(ByteWriter& to) const {
  put(to, "first", neurons_, &Neuron::first);
  put(to, "last", neurons_, &Neuron::last);
  put(to, "squares", neurons_, &Neuron::squares);
  put(to, "count", neurons_, &Neuron::count);
  put(to, "bin", ranges_, &Range::bin);
  put(to, "in_bin", ranges_, &Range::in_bin);
  put(to, "in_bins", ranges_, &Range::in_bins);
  put(to, "bin_squares", ranges_, &Range::squares);
}

void SpikeStatistics::load(ByteReader& from) {
  get(from, "first", neurons_, &Neuron::first);
  get(from, "last", neurons_, &Neuron::last);
  get(from, "squares", neurons_, &Neuron::squares);
  get(from, "count", neurons_, &Neuron::count);
  get(from, "bin", ranges_, &Range::bin);
  get(from, "in_bin", ranges_, &Range::in_bin);
  get(from, "in_bins", ranges_, &Range::in_bins);
  get(from, "bin_squares", ranges_, &Range::squares);
}

const SpikeStatistics::Range& SpikeStatistics::range_of(const PopulationInfo& population) const {
  // An empty population starts where the next one does.
  const auto extent = [](const Range& range) { return std::pair(range.first, range.end); };
  const auto range = std::ranges::lower_bound(
      ranges_, std::pair(population.first, std::uint64_t{population.first} + population.size), {}, extent);
  assert(range != ranges_.end());
  return *range;
}

std::uint64_t SpikeStatistics::count(std::size_t population, std::uint32_t neuron) const {
  assert(population < populations_.size() && neuron < populations_[population].size);
  return neurons_[range_of(populations_[population]).offset + neuron].count;
}

std::vector<PopulationStatistics> SpikeStatistics::results(Tick now, double dt) const {
  std::vector<PopulationStatistics> all;
  const double seconds = now > discard_ ? tick_to_ms(now - discard_, dt) / 1000 : 0;
  for (const PopulationInfo& population : populations_) {
    PopulationStatistics result;
    result.name = population.name;
    result.size = population.size;
    Range range = range_of(population);
    const std::size_t begin = range.offset;
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
    const Tick bins = bin_ == 0 ? 0 : std::max<Tick>(0, now - discard_) / bin_;
    if (range.bin < bins) range.count(bins, 0);
    if (bins > 0 && range.in_bins > 0) {
      const auto n = static_cast<double>(bins);
      const double mean = static_cast<double>(range.in_bins) / n;
      result.synchrony = std::max(0.0, static_cast<double>(range.squares) / n - mean * mean) / mean;
    }
    all.push_back(std::move(result));
  }
  return all;
}

}  // namespace rheo
