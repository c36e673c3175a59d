#include "apps/report/spikes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "apps/report/page.hpp"
#include "apps/report/recordings.hpp"
#include "io/h5/h5.hpp"

namespace rheo::report {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t block_rows = std::uint64_t{1} << 17;
constexpr std::uint64_t most_unknown_neurons = std::uint64_t{1} << 28;  // where the run does not say how many there are
constexpr double most_bins = 600, least_bins = 50;                      // of rates, at most
constexpr double interval_bins = 20;                                    // per decade

struct Datasets {
  h5::Dataset times, nodes;
  std::uint64_t rows;
};

Datasets datasets_of(const h5::File& file, const std::string& population) {
  const h5::Group group = file.group("/spikes").group(population);
  h5::Dataset times = group.dataset("timestamps"), nodes = group.dataset("node_ids");
  for (const h5::Dataset* one : {&times, &nodes})
    if (one->rank() != 1) one->fail(fmt::format("must have one dimension, but has {}", one->rank()));
  // Those of a file that still grows differ for a moment.
  const std::uint64_t rows = std::min(times.rows(), nodes.rows());
  return {std::move(times), std::move(nodes), rows};
}

// Hands over one spike after the other, checked. `rows`: so many as there were when the file was opened first.
void for_each_spike(const Datasets& from, const SpikeTimes& times, std::uint64_t neurons, std::uint64_t rows,
                    const std::function<void(Tick, std::uint64_t)>& take) {
  Tick before = 0;
  for (std::uint64_t first = 0; first < rows; first += block_rows) {
    const std::uint64_t n = std::min(block_rows, rows - first);
    const auto ms = from.times.read<double>(first, n);
    const auto ids = from.nodes.read<std::uint64_t>(first, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double ticks = ms[i] / times.dt;
      if (!(ticks >= 0 && ticks < 9e15))
        from.times.fail(fmt::format("value {} is {}, which is no time of a run", first + i, ms[i]));
      const Tick tick = std::llround(ticks);
      if (tick < before)
        from.times.fail(fmt::format("value {} is {} ms, earlier than the one before it", first + i, ms[i]));
      if (tick <= times.begin || (times.end_is_known && tick > times.end))
        from.times.fail(fmt::format("value {} is {} ms, outside of the run, from {} to {} ms", first + i, ms[i],
                                    static_cast<double>(times.begin) * times.dt,
                                    static_cast<double>(times.end) * times.dt));
      if (ids[i] >= neurons)
        from.nodes.fail(fmt::format("value {} is {}, but there are {} neurons", first + i, ids[i], neurons));
      before = tick;
      take(tick, ids[i]);
    }
  }
}

struct Neuron {
  Tick last = std::numeric_limits<Tick>::min();
  double sum = 0, squares = 0;  // of intervals; whole numbers
  std::uint32_t intervals = 0, spikes = 0;
};

// How many ticks of (begin, end] were recorded.
Tick recorded_ticks(const SpikeTimes& times, Tick begin, Tick end) {
  if (times.spans.empty()) return end - begin;
  Tick sum = 0;
  for (const auto& [from, to] : times.spans) sum += std::max<Tick>(0, std::min(end, to) - std::max(begin, from));
  return sum;
}

// Counts the spikes of a population into its intervals and bins, and by neuron.
std::vector<Neuron> count_spikes(const Datasets& data, std::uint64_t most_neurons, const SpikeFigures& all,
                                 PopulationSpikes& result, std::vector<double>& counts) {
  const SpikeTimes& times = all.times;
  std::vector<Neuron> neurons;
  std::size_t span = 0;  // the one that holds the spike, where there are spans
  for_each_spike(data, times, most_neurons, data.rows, [&](Tick tick, std::uint64_t id) {
    if (id >= neurons.size()) neurons.resize(id + 1);
    Neuron& neuron = neurons[id];
    while (span + 1 < times.spans.size() && tick > times.spans[span].second) ++span;
    // Between two spans there may have been spikes that nobody recorded.
    const Tick gap = times.spans.empty() ? times.begin : times.spans[span].first;
    if (neuron.last > gap) {
      const Tick interval = tick - neuron.last;
      const auto value = static_cast<double>(interval);
      neuron.sum += value;
      neuron.squares += value * value;
      ++neuron.intervals;
      const auto end = std::upper_bound(all.interval_ends.begin(), all.interval_ends.end(), interval);
      if (interval > 0) ++result.intervals[static_cast<std::size_t>(end - all.interval_ends.begin()) - 1];
    }
    neuron.last = tick;
    ++neuron.spikes;
    ++result.spikes;
    ++counts[static_cast<std::size_t>((tick - times.begin - 1) / all.bin)];
  });
  return neurons;
}

PopulationSpikes figures_of(const h5::File& file, const std::string& name, const SpikeFigures& all) {
  const SpikeTimes& times = all.times;
  PopulationSpikes result;
  result.name = name;
  const auto known = times.sizes.find(name);
  result.size_is_known = known != times.sizes.end();
  const Datasets data = datasets_of(file, name);
  std::vector<double> counts(static_cast<std::size_t>((times.end - times.begin + all.bin - 1) / all.bin));
  result.intervals.assign(all.interval_ends.size() - 1, 0);
  const std::vector<Neuron> neurons =
      count_spikes(data, result.size_is_known ? known->second : most_unknown_neurons, all, result, counts);

  const auto recorded = times.recorded.find(name);
  result.size = result.size_is_known ? known->second : neurons.size();
  if (!result.size_is_known && recorded != times.recorded.end()) result.size = std::max(result.size, recorded->second);
  result.recorded = recorded != times.recorded.end() ? recorded->second : result.size;

  for (std::size_t b = 0; b < counts.size(); ++b) {
    const Tick from = times.begin + static_cast<Tick>(b) * all.bin, to = std::min(from + all.bin, times.end);
    const Tick ticks = recorded_ticks(times, from, to);
    const double seconds = static_cast<double>(ticks) * times.dt / 1000 * static_cast<double>(result.recorded);
    result.rates.push_back(seconds > 0 ? counts[b] / seconds : std::numeric_limits<double>::quiet_NaN());
  }
  const double observed = static_cast<double>(recorded_ticks(times, times.begin, times.end)) * times.dt / 1000;
  std::uint64_t spiking = 0;
  for (const Neuron& neuron : neurons) {
    result.counts.push_back(neuron.spikes);
    if (neuron.spikes == 0) continue;
    ++spiking;
    if (observed > 0) result.neuron_rates.push_back(static_cast<float>(neuron.spikes / observed));
    if (neuron.intervals < 2) continue;
    const double mean = neuron.sum / neuron.intervals;
    const double variance = neuron.squares / neuron.intervals - mean * mean;
    if (mean > 0) result.cvs.push_back(static_cast<float>(std::sqrt(std::max(0.0, variance)) / mean));
  }
  if (spiking > result.recorded)
    data.nodes.fail(
        fmt::format("{} neurons spiked, but run.json says that {} were recorded", spiking, result.recorded));
  result.silent = result.recorded - spiking;
  return result;
}

void append_number(std::string& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(0x80 | (number & 0x7f));
  bytes += static_cast<char>(number);
}

Raster::Population raster_of(const h5::File& file, const PopulationSpikes& population, const SpikeTimes& times,
                             std::uint64_t step, std::uint64_t every) {
  const auto kept_of = [&](std::uint64_t id) -> std::uint64_t {
    return id < population.counts.size() ? (population.counts[id] + every - 1) / every : 0;
  };
  Raster::Population raster;
  raster.begin.push_back(0);
  for (std::uint64_t id = 0; id < population.size; id += step)
    raster.begin.push_back(static_cast<std::uint32_t>(raster.begin.back() + kept_of(id)));
  raster.shown = raster.begin.back();
  raster.ticks.resize(raster.shown);
  std::vector<std::uint32_t> seen(raster.begin.size() - 1);  // spikes of each neuron so far, those left out too
  for_each_spike(datasets_of(file, population.name), times, population.size, population.spikes,
                 [&](Tick tick, std::uint64_t id) {
                   if (id % step != 0) return;
                   const std::uint64_t k = id / step;
                   if (const std::uint32_t n = seen[k]++; n % every == 0)
                     raster.ticks[raster.begin[k] + n / every] = tick;
                 });
  for (std::size_t k = 0; k + 1 < raster.begin.size(); ++k) {
    append_number(raster.bytes, raster.begin[k + 1] - raster.begin[k]);
    Tick before = times.begin;
    for (std::uint32_t i = raster.begin[k]; i < raster.begin[k + 1]; ++i) {
      append_number(raster.bytes, static_cast<std::uint64_t>(raster.ticks[i] - before));
      before = raster.ticks[i];
    }
  }
  return raster;
}

}  // namespace

std::uint64_t SpikeFigures::spikes() const {
  std::uint64_t sum = 0;
  for (const PopulationSpikes& population : populations) sum += population.spikes;
  return sum;
}

std::uint64_t Raster::shown() const {
  std::uint64_t sum = 0;
  for (const Population& population : populations) sum += population.shown;
  return sum;
}

SpikeFigures read_spike_figures(const fs::path& path, const SpikeTimes& times) {
  const h5::File file = open_recording(path);
  const h5::Group spikes = file.group("/spikes");
  std::vector<std::string> names = groups_in(spikes);
  const auto place = [&](const std::string& name) {
    return std::find(times.order.begin(), times.order.end(), name) - times.order.begin();
  };
  std::stable_sort(names.begin(), names.end(),
                   [&](const std::string& a, const std::string& b) { return place(a) < place(b); });

  SpikeFigures figures;
  figures.times = times;
  SpikeTimes& all = figures.times;
  if (!all.end_is_known) {
    for (const std::string& name : names) {
      const Datasets data = datasets_of(file, name);
      if (data.rows == 0) continue;
      const double last = data.times.read<double>(data.rows - 1, 1).front() / all.dt;
      if (!(last >= 0 && last < 9e15)) data.times.fail("the last value is no time of a run");
      all.end = std::max<Tick>(all.end, std::llround(last));
    }
  }
  all.end = std::max(all.end, all.begin + 1);
  if (all.end - all.begin > Tick{1} << 50) spikes.fail("the spikes are further apart than any run is long");
  const auto ticks = static_cast<double>(all.end - all.begin);
  // At least a millisecond, and some spikes: anything finer is noise.
  double rows = 0;
  for (const std::string& name : names) rows += static_cast<double>(datasets_of(file, name).rows);
  const double bins = std::clamp(rows / 20, least_bins, most_bins);
  figures.bin = std::max<Tick>(1, std::llround(round_up_125(std::max(ticks * all.dt / bins, 1.0)) / all.dt));
  for (int k = 0;; ++k) {
    const auto end = static_cast<Tick>(std::ceil(std::pow(10.0, k / interval_bins) * (1 - 1e-12)));
    if (figures.interval_ends.empty() || end > figures.interval_ends.back()) figures.interval_ends.push_back(end);
    if (end > all.end - all.begin) break;
  }
  if (!all.sizes.empty())
    for (const std::string& name : names)
      if (!all.sizes.contains(name)) spikes.fail("run.json knows no population of this name", name);
  // The same rows are read again for the raster, whatever a live writer adds.
  for (const std::string& name : names) figures.populations.push_back(figures_of(file, name, figures));
  return figures;
}

Raster read_raster(const fs::path& path, const SpikeFigures& figures, std::size_t most_bytes,
                   std::uint64_t most_spikes) {
  const h5::File file = open_recording(path);
  const auto cost = [&](std::uint64_t step, std::uint64_t every) {
    std::pair<std::uint64_t, std::uint64_t> sum{0, 0};  // neurons, spikes
    for (const PopulationSpikes& population : figures.populations) {
      sum.first += (population.size + step - 1) / step;
      for (std::uint64_t id = 0; id < population.counts.size(); id += step)
        sum.second += (population.counts[id] + every - 1) / every;
    }
    return sum;
  };
  std::uint64_t largest = 1;
  for (const PopulationSpikes& population : figures.populations) largest = std::max(largest, population.size);
  Raster raster;
  for (std::uint64_t limit = most_spikes;;) {
    const auto fits = [&] {
      const auto [neurons, spikes] = cost(raster.step, raster.every);
      return spikes <= limit && neurons <= std::max<std::uint64_t>(most_bytes / 8, figures.populations.size());
    };
    while (!fits() && raster.step < largest)
      raster.step = std::min(largest, raster.step + std::max<std::uint64_t>(1, raster.step / 8));
    while (!fits() && raster.every < std::numeric_limits<std::uint32_t>::max())
      raster.every += std::max<std::uint64_t>(1, raster.every / 8);
    raster.populations.clear();
    std::size_t bytes = 0;
    for (const PopulationSpikes& population : figures.populations) {
      raster.populations.push_back(raster_of(file, population, figures.times, raster.step, raster.every));
      bytes += raster.populations.back().bytes.size();
    }
    if (bytes <= most_bytes || limit <= 1) return raster;
    const double part = 0.97 * static_cast<double>(most_bytes) / static_cast<double>(bytes);
    limit =
        std::clamp<std::uint64_t>(static_cast<std::uint64_t>(part * static_cast<double>(raster.shown())), 1, limit - 1);
  }
}

std::string base64(const std::string& bytes) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) -> std::uint32_t {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0;
    };
    const std::uint32_t all = byte(0) << 16 | byte(1) << 8 | byte(2);
    text += digits[all >> 18];
    text += digits[all >> 12 & 63];
    text += i + 1 < bytes.size() ? digits[all >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? digits[all & 63] : '=';
  }
  return text;
}

}  // namespace rheo::report
