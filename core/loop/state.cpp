// Saved states: the whole dynamic state in a form that knows neither lanes nor threads.
#include <algorithm>

#include "core/diagnostics.hpp"
#include "core/loop/running.hpp"

namespace rheo {

namespace {

constexpr std::string_view state_format = "rheo-state-3";

}  // namespace

std::vector<std::byte> Simulation::save() {
  settle();
  const State& s = *state_;
  ByteWriter to;
  to.put("format", state_format);
  to.put("fingerprint", std::string_view(s.parts.fingerprint));
  to.put("now", s.now);
  for (const auto& population : s.parts.populations) {
    to.put("population", std::string_view(population->name()));
    population->save(to);
  }
  // In flight is exactly what was emitted within the largest delay: its arrivals follow from the network.
  std::vector<Tick> ticks;
  std::vector<NeuronId> neurons;
  for (std::size_t b = 0; b < s.history.size(); ++b) {
    const SpikeBatch& batch = s.history[b];
    for (std::size_t k = 0; k < batch.ticks(); ++k) {
      if (batch.tick(k) + s.max_delay <= s.now) continue;
      for (const NeuronId neuron : batch.at(k)) {
        ticks.push_back(batch.tick(k));
        neurons.push_back(neuron);
      }
    }
  }
  to.put("in_flight.tick", std::span<const Tick>(ticks));
  to.put("in_flight.neuron", std::span<const NeuronId>(neurons));
  s.parts.delivery->save(s.now, to);
  return to.take();
}

namespace {

[[noreturn]] void reject_state(std::string key, std::string problem, std::string expected = {}) {
  throw StateError({.file = {},
                    .key = std::move(key),
                    .value = {},
                    .problem = std::move(problem),
                    .expected = std::move(expected),
                    .suggestion = {}});
}

// Format and fingerprint come first. The fingerprint goes to the caller.
Tick read_time(ByteReader& from, std::string& fingerprint) {
  if (from.get_text("format") != state_format)
    reject_state("format", "not a state of this version", std::string(state_format));
  fingerprint = from.get_text("fingerprint");
  const Tick now = from.get<Tick>("now");
  if (now < 0 || now > never / 2) reject_state("now", "not a time");  // far from overflow, however long it runs on
  return now;
}

}  // namespace

Tick Simulation::time_of(std::span<const std::byte> bytes) {
  ByteReader from(bytes);
  std::string fingerprint;
  return read_time(from, fingerprint);
}

void Simulation::load(std::span<const std::byte> bytes) {
  State& s = *state_;
  ByteReader from(bytes);
  std::string fingerprint;
  const Tick now = read_time(from, fingerprint);
  if (fingerprint != s.parts.fingerprint)
    reject_state("fingerprint", "the state was saved from another network",
                 "the same populations, projections, precision, dt and seed");
  for (const auto& population : s.parts.populations) {
    if (from.get_text("population") != population->name()) reject_state("population", "another order of populations");
    population->load(from);
  }
  const auto ticks = from.get_all<Tick>("in_flight.tick");
  const auto neurons = from.get_all<NeuronId>("in_flight.neuron");
  if (ticks.size() != neurons.size()) reject_state("in_flight", "ticks and neurons differ in number");
  SpikeBatch batch;
  batch.first = std::max<Tick>(1, now - s.max_delay + 1);
  batch.tick_begin.assign(1, 0);
  std::size_t i = 0;
  for (Tick t = batch.first; t <= now; ++t) {
    for (; i < ticks.size() && ticks[i] == t; ++i) {
      if (neurons[i] >= s.neurons) reject_state("in_flight.neuron", "no such neuron");
      if (batch.neurons.size() > batch.tick_begin.back() && batch.neurons.back() > neurons[i])
        reject_state("in_flight.neuron", "spikes out of order");
      batch.neurons.push_back(neurons[i]);
    }
    batch.tick_begin.push_back(static_cast<std::uint32_t>(batch.neurons.size()));
  }
  if (i != ticks.size()) reject_state("in_flight.tick", "spikes out of order or too old");
  s.parts.delivery->load(now, batch, from);
  if (!from.at_end()) reject_state("in_flight", "bytes behind the end");

  s.now = s.last_check = now;
  s.history.clear();
  s.fan_out_pending = false;
  for (State::Lane& lane : s.per_lane) lane.broken = false;
  s.wake();
  s.parts.delivery->clear();
  if (batch.ticks() == 0) return;
  s.history.add() = std::move(batch);
  s.for_each_lane([&](std::size_t lane) { s.parts.delivery->fan_out(lane, s.history.back(), now); });
}

std::vector<std::byte> Simulation::save_states() const {
  ByteWriter to;
  for (const auto& population : state_->parts.populations) population->save(to);
  return to.take();
}

void Simulation::begin_again(std::span<const std::byte> states) {
  settle();
  State& s = *state_;
  ByteReader from(states);
  for (const auto& population : s.parts.populations) {
    population->load(from);
    population->belongs_to(s.now);
  }
  s.history.clear();
  s.fan_out_pending = false;
  for (State::Lane& lane : s.per_lane) lane.broken = false;
  s.wake();
  s.parts.delivery->clear();
  s.parts.delivery->forget(s.now);
}

StageTimes Simulation::stage_times() const {
  StageTimes sum = state_->shared_times;
  for (const State::Lane& lane : state_->per_lane) {
    sum.fan_out += lane.times.fan_out;
    sum.arrive += lane.times.arrive;
    sum.drive += lane.times.drive;
    sum.advance += lane.times.advance;
  }
  return sum;
}

std::size_t Simulation::bytes() const {
  std::size_t sum = 0;
  for (const auto& population : state_->parts.populations) sum += population->bytes();
  sum += state_->parts.delivery->bytes();
  for (const State::Lane& lane : state_->per_lane)
    sum += lane.spikes.neurons.capacity() * 4 + lane.spikes.end_of.capacity() * 4;
  for (const State::Lane& lane : state_->per_lane)
    for (const EventPiece& piece : lane.events)
      sum += (piece.awake.capacity() + piece.hit.capacity() + piece.visited.capacity()) * 4;
  sum += state_->history.bytes();
  return sum;
}

}  // namespace rheo
