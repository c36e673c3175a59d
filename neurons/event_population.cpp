#include "neurons/event_population.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "core/diagnostics.hpp"

namespace rheo {

EventPopulation::EventPopulation(std::string name, const PopulationParts& parts)
    : name_(std::move(name)),
      size_(parts.size()),
      ports_(parts.ports()),
      input_bytes_(static_cast<std::uint32_t>(bytes_of(parts.input_precision))),
      functions_(parts.functions().event),
      columns_(parts),
      step_(parts.model.coefficients * columns_.width()),
      over_(step_.size() * (longest_jump + 1)),
      peaks_(step_.size()),
      neurons_(std::size_t{size_} * functions_.record_bytes) {
  const double* const params = parts.params.of(0);
  parts.functions().prepare(params, parts.dt, step_.data());
  for (Tick k = 0; k <= longest_jump; ++k)
    functions_.propagate(params, parts.dt * static_cast<double>(k),
                         over_.data() + static_cast<std::size_t>(k) * step_.size());
  if (parts.precision == Precision::single_)
    find_peaks<float>(parts);
  else
    find_peaks<double>(parts);
  double V_rest_and_below[2];
  functions_.rest(params, parts.dt, V_rest_and_below);
  jumps_ = {step_.data(), over_.data(), peaks_.data(), V_rest_and_below[0], V_rest_and_below[1]};
  const std::size_t state_bytes = columns_.count() * columns_.width();
  for (std::size_t i = 0; i < size_; ++i) std::memcpy(record(i), parts.initial.data() + i * state_bytes, state_bytes);
}

// What a current can still do: the largest of every coefficient, first by tick, then, where coefficients change little
// in 1 % more time, up to years.
template <class Real>
void EventPopulation::find_peaks(const PopulationParts& parts) {
  const std::size_t count = parts.model.coefficients;
  Real* const peaks = reinterpret_cast<Real*>(peaks_.data());
  const auto include = [&](const void* coefficients) {
    for (std::size_t c = 0; c < count; ++c) peaks[c] = std::max(peaks[c], static_cast<const Real*>(coefficients)[c]);
  };
  std::memcpy(peaks, step_.data(), step_.size());
  for (std::size_t k = 0; k <= longest_jump; ++k) include(over_.data() + k * step_.size());
  std::vector<Real> later(count);
  for (double h = parts.dt * longest_jump; h < 1e9; h *= 1.01) {
    functions_.propagate(parts.params.of(0), h, later.data());
    include(later.data());
  }
  for (std::size_t c = 0; c < count; ++c) peaks[c] *= Real(1.001);
}

Tick EventPopulation::last(std::size_t neuron) const {
  Tick last;
  std::memcpy(&last, record(neuron + 1) - sizeof last, sizeof last);
  return last;
}
void EventPopulation::set_last(std::size_t neuron, Tick last) {
  std::memcpy(record(neuron + 1) - sizeof last, &last, sizeof last);
}

void EventPopulation::read(std::size_t column, Tick now, std::span<const std::uint32_t> neurons, double* to) const {
  functions_.read(jumps_, neurons_.data(), neurons.data(), neurons.size(), static_cast<std::uint32_t>(column), now, to);
  for (std::size_t i = 0; i < neurons.size(); ++i) to[i] += columns_.origin(column, neurons[i]);
}

// The whole record goes to tick `now`, as it would be read there, and then one number of it changes.
void EventPopulation::write(std::size_t column, Tick now, std::span<const std::uint32_t> neurons, const double* from) {
  const std::size_t count = columns_.count();
  std::vector<double> all(count);
  for (std::size_t i = 0; i < neurons.size(); ++i) {
    for (std::size_t c = 0; c < count; ++c) read(c, now, neurons.subspan(i, 1), &all[c]);
    all[column] = from[i];
    for (std::size_t c = 0; c < count; ++c) columns_.put(c, record(neurons[i]), c, all[c], neurons[i]);
    set_last(neurons[i], now);
  }
}

void EventPopulation::wake(Tick now, const Piece& piece, EventPiece& events) const {
  events.awake.clear();
  events.broken = EventPiece::nobody;
  for (std::uint32_t i = piece.begin; i < piece.end; ++i)
    if (last(i) < 0 || last(i) > now)
      throw StateError({.key = name_ + ".last",
                        .value = std::to_string(last(i)),
                        .problem = "neuron " + std::to_string(i) + " is not in step with the simulation",
                        .expected = "a tick from 0 to " + std::to_string(now)});
  constexpr std::uint32_t at_once = 512;  // few are awake, so there is no list of all
  std::uint32_t awake[at_once];
  for (std::uint32_t begin = piece.begin; begin < piece.end; begin += at_once) {
    const std::uint32_t n = std::min(at_once, piece.end - begin);
    const std::uint32_t count = functions_.wake(jumps_, record(begin), n, awake);
    for (std::uint32_t k = 0; k < count; ++k) events.awake.push_back(begin - piece.begin + awake[k]);
  }
}

// Those that were hit, and those awake, ascending.
std::vector<std::uint32_t>& EventPopulation::choose(const Piece& piece, TouchedSlots& touched,
                                                    EventPiece& events) const {
  std::vector<std::uint32_t>& hit = events.hit;
  hit.clear();
  const std::uint32_t n = piece.end - piece.begin;
  for (std::uint32_t p = 0; p < ports_; ++p) {
    const auto before = static_cast<std::ptrdiff_t>(hit.size());
    const std::uint32_t row = piece.first_slot + p * n;
    touched.take(row, row + n, hit);
    if (before != 0) std::inplace_merge(hit.begin(), hit.begin() + before, hit.end());
  }
  if (ports_ > 1) hit.erase(std::unique(hit.begin(), hit.end()), hit.end());
  if (events.awake.empty()) return hit;
  events.visited.clear();
  std::set_union(hit.begin(), hit.end(), events.awake.begin(), events.awake.end(), std::back_inserter(events.visited));
  return events.visited;
}

void EventPopulation::visit(Tick t, const Piece& piece, void* input, NeuronId first_id, TouchedSlots& touched,
                            EventPiece& events, SpikeList& spikes) {
  std::vector<std::uint32_t>& chosen = choose(piece, touched, events);
  events.awake.resize(chosen.size());
  EventVisit visit{.tick = t,
                   .neurons = record(piece.begin),
                   .chosen = chosen.data(),
                   .awake = events.awake.data(),
                   .input = input,
                   .count = chosen.size(),
                   .stride = piece.end - piece.begin,
                   .ports = ports_,
                   .input_bytes = input_bytes_,
                   .spiked = 0,
                   .awakened = 0,
                   .broken = EventPiece::nobody};
  functions_.visit(jumps_, visit);
  for (std::uint32_t k = 0; k < visit.spiked; ++k) spikes.neurons.push_back(first_id + piece.begin + chosen[k]);
  events.awake.resize(visit.awakened);
  if (visit.broken != EventPiece::nobody) events.broken = std::min(events.broken, piece.begin + visit.broken);
}

void EventPopulation::save(ByteWriter& to) const {
  const std::size_t width = columns_.width();
  AlignedColumn<std::byte> values(size_ * width);
  for (std::size_t c = 0; c < columns_.count(); ++c) {
    for (std::size_t i = 0; i < size_; ++i) std::memcpy(values.data() + i * width, record(i) + c * width, width);
    columns_.save(c, values.data(), size_, to);
  }
  std::vector<Tick> ticks(size_);
  for (std::size_t i = 0; i < size_; ++i) ticks[i] = last(i);
  to.put("last", std::span<const Tick>(ticks));
}

void EventPopulation::load(ByteReader& from) {
  const std::size_t width = columns_.width();
  AlignedColumn<std::byte> values(size_ * width);
  for (std::size_t c = 0; c < columns_.count(); ++c) {
    columns_.load(c, values.data(), size_, from);
    for (std::size_t i = 0; i < size_; ++i) std::memcpy(record(i) + c * width, values.data() + i * width, width);
  }
  std::vector<Tick> ticks(size_);
  from.get("last", std::span<Tick>(ticks));
  for (std::size_t i = 0; i < size_; ++i) set_last(i, ticks[i]);
}

void EventPopulation::belongs_to(Tick now) {
  for (std::size_t i = 0; i < size_; ++i) set_last(i, now);
}

}  // namespace rheo
