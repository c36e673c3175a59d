// A population of given spike trains.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/loop/simulation.hpp"

namespace rheo {

// A population whose neurons spike when they are told to, any number of times per tick. No input reaches it.
class SpikeSource final : public TickBlock {
 public:
  struct Event {
    Tick tick;
    std::uint32_t neuron;
    friend auto operator<=>(const Event&, const Event&) = default;
  };
  SpikeSource(std::string name, std::uint32_t size, std::vector<Event> events);

  const std::string& name() const override { return name_; }
  std::uint32_t size() const override { return size_; }
  std::uint32_t ports() const override { return 0; }
  void advance(Tick t, std::uint32_t begin, std::uint32_t end, const void* input, NeuronId first_id,
               SpikeList& spikes) override;
  std::uint32_t first_non_finite(std::uint32_t, std::uint32_t end) const override { return end; }
  void save(ByteWriter&) const override {}
  void load(ByteReader&) override {}
  std::size_t bytes() const override { return events_.capacity() * sizeof(Event); }

 private:
  std::string name_;
  std::uint32_t size_;
  std::vector<Event> events_;  // by (tick, neuron)
};

}  // namespace rheo
