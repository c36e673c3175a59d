#include "apps/tasks/filtered_spikes.hpp"

#include "core/math.hpp"

namespace rheo {

FilteredSpikes::FilteredSpikes(std::span<const NeuronId> neurons, double tau, double dt)
    : traces_(neurons.size(), 0.0), decay_(math::exp(-dt / tau)) {
  for (std::size_t i = 0; i < neurons.size(); ++i) {
    if (neurons[i] >= place_.size()) place_.resize(neurons[i] + std::size_t{1}, nobody);
    place_[neurons[i]] = static_cast<std::uint32_t>(i);
  }
}

void FilteredSpikes::take(const SpikeBatch& batch) {
  for (std::size_t k = 0; k < batch.ticks(); ++k) {
    for (double& trace : traces_) trace *= decay_;
    for (const NeuronId neuron : batch.at(k)) {
      if (neuron >= place_.size() || place_[neuron] == nobody) continue;
      traces_[place_[neuron]] += 1;
      ++spikes_;
    }
  }
}

void FilteredSpikes::save(ByteWriter& to) const {
  to.put("traces", std::span<const double>(traces_));
  to.put("spikes", spikes_);
}

void FilteredSpikes::load(ByteReader& from) {
  from.get("traces", std::span<double>(traces_));
  spikes_ = from.get<std::uint64_t>("spikes");
}

}  // namespace rheo
