// Volleys of spikes around given times.
#pragma once

#include "networks/inputs/kind_of.hpp"

namespace rheo {

struct PulsePackets {
  std::vector<double> times = {};
  std::uint32_t spikes = 1;
  double sd = 0;
  bool shared = false;
  Value weight = 1.0;
  double delay = 0;
  std::string port = {};

  static constexpr const char* name = "pulse_packet";
  static constexpr const char* summary =
      "Packets of spikes, whose times are normally distributed around the middle of the packet and rounded to ticks.";
  static constexpr const char* source =
      "Diesmann, Gewaltig & Aertsen, Nature 402 (1999); the model `pulsepacket_generator` of NEST";
  static constexpr auto fields = std::tuple_cat(
      rheo::fields(
          needed(in_words(
              field("times", &PulsePackets::times, "ms", "the middle of each packet, in any order", non_negative), {},
              "a list of times >= 0 (ms)")),
          needed(field("spikes", &PulsePackets::spikes, "", "how many a packet has for each target neuron", {1, 1e6})),
          field("sd", &PulsePackets::sd, "ms", "standard deviation of their times", non_negative),
          field("shared", &PulsePackets::shared, "", "all target neurons receive the same spikes")),
      input_fields::spikes(&PulsePackets::weight, &PulsePackets::delay, &PulsePackets::port));

  void check(const InputEnds&) const {
    if (times.empty()) reject("times", "a list of 0", "empty", "at least one time");
  }
  MakeInput prepare(const InputEnds& ends) const;
  double bytes(double targets) const {
    return static_cast<double>(times.size() * spikes * sizeof(SpikeInput::Event)) * targets;
  }
};

inline MakeInput PulsePackets::prepare(const InputEnds& ends) const {
  return [this, ends](const InputPart& part) {
    std::vector<SpikeInput::Event> events;
    for (std::uint32_t i = 0; i < part.where.range.count(); ++i) {
      for (std::size_t packet = 0; packet < times.size(); ++packet) {
        RandomStream stream(ends.key(name), shared ? 0 : part.offset + i, static_cast<Tick>(packet));
        for (std::uint32_t k = 0; k < spikes; ++k)
          part.add_spike(ends.ticks(stream.normal(times[packet], sd)), ends.ticks(delay), i, events);
      }
    }
    return std::make_unique<SpikeInput>(part.where, ends.network.precision, std::move(events), part.weights);
  };
}

}  // namespace rheo
