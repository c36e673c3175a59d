#include "io/record/memory.hpp"

#include <algorithm>
#include <array>

#include "networks/description/selections.hpp"

namespace rheo {

SpikeMemory::SpikeMemory(const std::vector<PopulationInfo>& populations)
    : populations_(populations), recorded_(populations.size()), trains_(populations.size()) {
  if (!populations.empty()) wanted_.resize(std::size_t{populations.back().first} + populations.back().size);
}

void SpikeMemory::record(std::size_t population, const NeuronRange& neurons) {
  recorded_[population] = true;
  for (std::size_t n = neurons.begin; n < neurons.end; n += neurons.step)
    wanted_[populations_[population].first + n] = 1;
}

std::size_t SpikeMemory::count(std::size_t population) const {
  const auto first = wanted_.begin() + static_cast<std::ptrdiff_t>(populations_[population].first);
  return static_cast<std::size_t>(
      std::count(first, first + static_cast<std::ptrdiff_t>(populations_[population].size), std::uint8_t{1}));
}

void SpikeMemory::take(const SpikeBatch& batch) {
  for (std::size_t k = 0; k < batch.ticks(); ++k) {
    std::size_t population = 0;
    for (const NeuronId neuron : batch.at(k)) {
      if (wanted_[neuron] == 0) continue;
      while (neuron - populations_[population].first >= populations_[population].size) ++population;
      trains_[population].ticks.push_back(batch.tick(k));
      trains_[population].neurons.push_back(neuron - populations_[population].first);
    }
  }
}

void SpikeMemory::clear() {
  std::ranges::fill(trains_, Train());
}

StateMemory::StateMemory(Simulation& simulation, const NetworkSpec& network, const RecordStates& what)
    : simulation_(simulation), what_(what), values_(what.variables.size()) {
  const PopulationIndex index(network.populations);
  for (const Selection& selection : what.cells) {
    const auto [population, range] = index.resolve(selection);
    Part part{.population = population, .offset = width_, .neurons = {}, .columns = {}};
    for (std::size_t n = range.begin; n < range.end; n += range.step)
      part.neurons.push_back(static_cast<std::uint32_t>(n));
    for (const std::string& variable : what.variables)
      part.columns.push_back(simulation.population(population).find_column(variable).value());
    width_ += part.neurons.size();
    parts_.push_back(std::move(part));
  }
}

void StateMemory::begin(Tick first, Tick end) {
  const auto more = static_cast<std::size_t>(what_.times.count(first, end));
  if (more == 0) return;
  if (rows_ == 0) {
    const Tick late = std::max<Tick>(0, first - what_.times.first), every = what_.times.every;
    first_ = what_.times.first + (late + every - 1) / every * every;
  }
  rows_ += more;
  for (std::vector<double>& values : values_) values.resize(rows_ * width_);
}

std::vector<std::size_t> StateMemory::by_neuron() const {
  std::vector<std::array<std::size_t, 3>> columns;  // population, neuron, column
  for (const Part& part : parts_)
    for (std::size_t n = 0; n < part.neurons.size(); ++n)
      columns.push_back({part.population, part.neurons[n], part.offset + n});
  std::ranges::sort(columns);
  std::vector<std::size_t> order;
  for (const auto& column : columns) order.push_back(column[2]);
  return order;
}

void StateMemory::sample(Tick t, const std::vector<Piece>& pieces) {
  const auto row = static_cast<std::size_t>((t - first_) / what_.times.every);
  for (const Part& part : parts_) {
    const Piece& piece = pieces[part.population];
    const auto begin = std::ranges::lower_bound(part.neurons, piece.begin);
    const auto end = std::lower_bound(begin, part.neurons.end(), piece.end);
    if (begin == end) continue;
    const std::size_t at = row * width_ + part.offset + static_cast<std::size_t>(begin - part.neurons.begin());
    for (std::size_t v = 0; v < values_.size(); ++v)
      simulation_.population(part.population).read(part.columns[v], t, {begin, end}, values_[v].data() + at);
  }
}

}  // namespace rheo
