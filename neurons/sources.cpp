#include "neurons/sources.hpp"

#include <algorithm>

namespace rheo {

SpikeSource::SpikeSource(std::string name, std::uint32_t size, std::vector<Event> events)
    : name_(std::move(name)), size_(size), events_(std::move(events)) {
  std::sort(events_.begin(), events_.end());
}

void SpikeSource::advance(Tick t, std::uint32_t begin, std::uint32_t end, const void*, NeuronId first_id,
                          SpikeList& spikes) {
  for (auto event = std::lower_bound(events_.begin(), events_.end(), Event{t, begin});
       event != events_.end() && event->tick == t && event->neuron < end; ++event)
    spikes.neurons.push_back(first_id + event->neuron);
}

}  // namespace rheo
