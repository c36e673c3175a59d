// The loop: window after window, lane beside lane.
#include <algorithm>
#include <cstring>
#include <functional>

#include "core/diagnostics.hpp"
#include "core/loop/running.hpp"

namespace rheo {

// Neurons that no arrival has to wake.
void Simulation::State::wake() {
  for (std::size_t i = parts.lanes.owned.begin; i < parts.lanes.owned.end; ++i)
    for (std::size_t k = 0; k < per_lane[i].populations.size(); ++k) {
      const std::uint32_t p = per_lane[i].populations[k];
      if (blocks[p].event != nullptr) blocks[p].event->wake(now, parts.lanes.pieces[i][p], per_lane[i].events[k]);
    }
}

// One lane's part of the window (now, now + ticks].
void Simulation::State::advance_lane(std::size_t index, Tick ticks, bool check) {
  Lane& lane = per_lane[index];
  const std::vector<Piece>& pieces = parts.lanes.pieces[index];
  Stopwatch watch(profiling);
  if (fan_out_pending) {
    parts.delivery->fan_out(index, history.back(), now);
    watch.mark(lane.times.fan_out);
  }
  lane.spikes.neurons.clear();
  lane.spikes.end_of.clear();
  TouchedSlots* const touched = parts.delivery->touched(index);
  for (Tick t = now + 1; t <= now + ticks; ++t) {
    const std::size_t before = lane.spikes.neurons.size();
    void* const input = parts.delivery->arrivals(index, t);
    watch.mark(lane.times.arrive);
    for (const Input* const drive : lane.inputs) {
      const Piece& piece = pieces[drive->population()];
      drive->add(t, piece.begin, piece.end, row(input, piece, drive->port()),
                 blocks[drive->population()].event != nullptr ? touched : nullptr,
                 piece.slot(drive->port(), piece.begin));
    }
    watch.mark(lane.times.drive);
    for (std::size_t k = 0; k < lane.populations.size(); ++k) {
      const std::uint32_t p = lane.populations[k];
      const Piece& piece = pieces[p];
      if (blocks[p].event != nullptr)
        blocks[p].event->visit(t, piece, row(input, piece, 0), infos[p].first, *touched, lane.events[k], lane.spikes);
      else
        blocks[p].tick->advance(t, piece.begin, piece.end, row(input, piece, 0), infos[p].first, lane.spikes);
    }
    lane.spikes.end_of.push_back(static_cast<std::uint32_t>(lane.spikes.neurons.size()));
    if (lane.spikes.neurons.size() != before)
      parts.delivery->spiked(index, t, std::span<const NeuronId>(lane.spikes.neurons).subspan(before));
    parts.delivery->advanced(index, t, pieces);
    for (Probe* probe : probes)
      if (probe->times().hold(t)) probe->sample(t, pieces);
    const std::size_t width = bytes_of(parts.precision);
    for (const Slots& some : lane.cleared)
      std::memset(static_cast<std::byte*>(input) + some.begin * width, 0, (some.end - some.begin) * width);
    watch.mark(lane.times.advance);
  }
  if (!check) return;
  for (std::size_t k = 0; k < lane.populations.size() && !lane.broken; ++k) {
    const std::uint32_t p = lane.populations[k];
    const bool by_event = blocks[p].event != nullptr;
    const std::uint32_t none = by_event ? EventPiece::nobody : pieces[p].end;
    const std::uint32_t found =
        by_event ? lane.events[k].broken : blocks[p].tick->first_non_finite(pieces[p].begin, pieces[p].end);
    if (found == none) continue;
    lane.broken = true;
    lane.broken_population = p;
    lane.broken_neuron = found;
  }
  watch.mark(lane.times.advance);
}

// Lane lists -> one batch by (tick, neuron).
void Simulation::State::gather(Tick ticks) {
  while (!history.empty() && history.front().first + static_cast<Tick>(history.front().ticks()) - 1 + max_delay <= now)
    history.drop_front();
  SpikeBatch& batch = history.add();
  batch.first = now - ticks + 1;
  batch.neurons.clear();
  batch.tick_begin.assign(1, 0);
  for (std::size_t k = 0; k < static_cast<std::size_t>(ticks); ++k) {
    for (std::size_t i = parts.lanes.owned.begin; i < parts.lanes.owned.end; ++i) {
      const SpikeList& list = per_lane[i].spikes;
      const std::uint32_t begin = k == 0 ? 0 : list.end_of[k - 1];
      if (begin != list.end_of[k])
        batch.neurons.insert(batch.neurons.end(), list.neurons.begin() + begin, list.neurons.begin() + list.end_of[k]);
    }
    // Every lane's neurons ascend, and those of one population ascend with the lane: mostly there is little to sort.
    const auto first = batch.neurons.begin() + batch.tick_begin.back();
    if (!std::is_sorted(first, batch.neurons.end())) std::sort(first, batch.neurons.end());
    batch.tick_begin.push_back(static_cast<std::uint32_t>(batch.neurons.size()));
  }
  parts.exchange->share(batch);
  parts.delivery->emitted(batch);
  fan_out_pending = true;
}

void Simulation::State::throw_if_broken() {
  const Lane* worst = nullptr;
  for (const Lane& lane : per_lane)
    if (lane.broken && (worst == nullptr || std::pair(lane.broken_population, lane.broken_neuron) <
                                                std::pair(worst->broken_population, worst->broken_neuron)))
      worst = &lane;
  if (!parts.exchange->any(worst != nullptr)) return;
  if (worst == nullptr)
    throw NumericalError({.file = {},
                          .key = {},
                          .value = {},
                          .problem = "a state in another process is not finite at tick " + std::to_string(now),
                          .expected = "what that process says",
                          .suggestion = {}});
  throw_if_a_synapse_is_broken();  // which may be the cause
  throw NumericalError({.file = {},
                        .key = infos[worst->broken_population].name + "[" + std::to_string(worst->broken_neuron) + "]",
                        .value = {},
                        .problem = "the state is not finite at tick " + std::to_string(now) + " (looked at every " +
                                   std::to_string(check_every) + " ticks)",
                        .expected = "finite potentials and currents: check weights, inputs and dt",
                        .suggestion = {}});
}

std::string Simulation::State::name_of(NeuronId neuron) const {
  for (const PopulationInfo& info : infos)
    if (neuron - info.first < info.size) return info.name + "[" + std::to_string(neuron - info.first) + "]";
  return std::to_string(neuron);
}

void Simulation::State::throw_if_a_synapse_is_broken() const {
  const auto broken = parts.delivery->first_broken();
  if (!broken) return;
  throw NumericalError({.file = {},
                        .key = "projections." + broken->projection,
                        .value = {},
                        .problem = "rule " + broken->rule + " made " + broken->what + " of the synapse from " +
                                   name_of(broken->source) + " to " + name_of(broken->target) +
                                   " not finite, as found at tick " + std::to_string(now),
                        .expected = "a rule and parameters that keep it finite",
                        .suggestion = {}});
}

Simulation::Simulation(Parts parts, Threads threads)
    : state_(std::make_unique<State>(std::move(parts), std::move(threads))) {}
Simulation::Simulation(Simulation&&) noexcept = default;
Simulation& Simulation::operator=(Simulation&&) noexcept = default;
Simulation::~Simulation() = default;

Tick Simulation::now() const {
  return state_->now;
}
double Simulation::dt() const {
  return state_->parts.dt;
}
std::uint64_t Simulation::neurons() const {
  return state_->neurons;
}
std::size_t Simulation::lanes() const {
  return state_->per_lane.size();
}
const Threads& Simulation::threads() const {
  return state_->threads;
}
const std::vector<PopulationInfo>& Simulation::populations() const {
  return state_->infos;
}
PopulationBlock& Simulation::population(std::size_t index) {
  return *state_->parts.populations.at(index);
}
bool Simulation::by_event(std::size_t population) const {
  return state_->blocks.at(population).event != nullptr;
}
void Simulation::write(std::size_t population, std::size_t column, std::span<const std::uint32_t> neurons,
                       const double* from) {
  State& s = *state_;
  s.parts.populations.at(population)->write(column, s.now, neurons, from);
  s.wake();
}
void Simulation::replace_inputs(std::vector<std::unique_ptr<Input>> inputs) {
  State& s = *state_;
  s.parts.inputs = std::move(inputs);
  for (std::size_t i = s.parts.lanes.owned.begin; i < s.parts.lanes.owned.end; ++i)
    s.per_lane[i].take_inputs(s.parts.lanes.pieces[i], s.parts.inputs);
}
void Simulation::replace_population(std::size_t index, std::unique_ptr<PopulationBlock> population) {
  State& s = *state_;
  s.blocks.at(index) = State::Block(*population);
  s.parts.populations[index] = std::move(population);
  s.wake();
}
void Simulation::add_sink(SpikeSink& sink) {
  state_->sinks.push_back(&sink);
}
void Simulation::remove_sink(SpikeSink& sink) {
  std::erase(state_->sinks, &sink);
}
void Simulation::add_probe(Probe& probe) {
  State& s = *state_;
  s.probes.push_back(&probe);
  if (!probe.times().hold(s.now)) return;
  probe.begin(s.now, s.now + 1);
  for (std::size_t i = s.parts.lanes.owned.begin; i < s.parts.lanes.owned.end; ++i)
    probe.sample(s.now, s.parts.lanes.pieces[i]);
  probe.take(s.now + 1);
}
void Simulation::profile(bool on) {
  state_->profiling = on;
}

void Simulation::run(Tick ticks) {
  State& s = *state_;
  const Tick end = s.now + ticks;
  Tick length = 0;
  bool check = false;
  const std::function<void(std::size_t)> advance = [&](std::size_t lane) { s.advance_lane(lane, length, check); };
  s.threads.enter([&] {
    s.parts.delivery->begin(s.now);
    while (s.now < end) {
      length = std::min(s.window, end - s.now);
      for (const Probe* probe : s.probes) length = std::min(length, probe->longest_window());
      length = s.parts.delivery->window(s.now, length);
      check = s.now + length == end || s.now + length - s.last_check >= check_every;
      for (Probe* probe : s.probes) probe->begin(s.now + 1, s.now + length + 1);
      s.for_each_lane(advance);
      s.now += length;
      Stopwatch watch(s.profiling);
      s.gather(length);
      s.parts.delivery->between_windows(s.now, s.threads);
      watch.mark(s.shared_times.gather);
      for (SpikeSink* sink : s.sinks) sink->take(s.history.back());
      for (Probe* probe : s.probes) probe->take(s.now + 1);
      watch.mark(s.shared_times.sinks);
      if (check) {
        s.last_check = s.now;
        s.throw_if_broken();
      }
    }
  });
}

void Simulation::settle() {
  State& s = *state_;
  s.for_each_lane([&](std::size_t lane) { s.parts.delivery->settle(lane, s.now); });
  s.throw_if_a_synapse_is_broken();
}

void Simulation::check_synapses() const {
  state_->throw_if_a_synapse_is_broken();
}

void Simulation::learn(std::size_t projection, bool learns) {
  Delivery& delivery = *state_->parts.delivery;
  if (delivery.learns(projection) == learns) return;
  settle();  // as it learnt, or did not, up to now
  delivery.learn(projection, learns, state_->now);
}

bool Simulation::learns(std::size_t projection) const {
  return state_->parts.delivery->learns(projection);
}

const std::string& Simulation::fingerprint() const {
  return state_->parts.fingerprint;
}
void Simulation::set_fingerprint(std::string fingerprint) {
  state_->parts.fingerprint = std::move(fingerprint);
}

}  // namespace rheo
