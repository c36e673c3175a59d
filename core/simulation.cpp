#include "core/simulation.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>

#include "core/errors.hpp"

namespace rheo {

namespace {

// Longest window in ticks when no delay limits it: bounds the spikes held at once.
constexpr Tick longest_window = 1024;
// States are looked over for NaN and infinity about this often, in ticks.
constexpr Tick check_every = 64;
constexpr std::string_view state_format = "rheo-state-3";

// Adds the time since the last mark to a stage; costs nothing while profiling is off.
class Stopwatch {
 public:
  explicit Stopwatch(bool on) : on_(on) {
    if (on_) last_ = std::chrono::steady_clock::now();
  }
  void mark(double& stage) {
    if (!on_) return;
    const auto now = std::chrono::steady_clock::now();
    stage += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

 private:
  bool on_;
  std::chrono::steady_clock::time_point last_;
};

// Batches whose spikes may still be in flight, oldest first. What is dropped in front is used again behind, so that
// nothing is allocated once the longest time has been seen.
class History {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  SpikeBatch& operator[](std::size_t i) { return ring_[(first_ + i) % ring_.size()]; }
  const SpikeBatch& operator[](std::size_t i) const { return ring_[(first_ + i) % ring_.size()]; }
  SpikeBatch& front() { return (*this)[0]; }
  SpikeBatch& back() { return (*this)[size_ - 1]; }
  void drop_front() {
    first_ = (first_ + 1) % ring_.size();
    --size_;
  }
  // A batch behind the others, with whatever it last held.
  SpikeBatch& add() {
    if (size_ == ring_.size()) {
      std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(first_), ring_.end());
      first_ = 0;
      ring_.resize(2 * size_ + 2);
    }
    ++size_;
    return back();
  }
  void clear() { size_ = 0; }
  std::size_t bytes() const {
    std::size_t sum = ring_.capacity() * sizeof(SpikeBatch);
    for (const SpikeBatch& batch : ring_) sum += batch.neurons.capacity() * 4 + batch.tick_begin.capacity() * 4;
    return sum;
  }

 private:
  std::vector<SpikeBatch> ring_;
  std::size_t first_ = 0, size_ = 0;
};

}  // namespace

void PopulationBlock::read(std::size_t, Tick, std::span<const std::uint32_t>, double*) const {}

std::vector<PopulationShape> shapes_of(const std::vector<std::unique_ptr<PopulationBlock>>& populations) {
  std::vector<PopulationShape> shapes;
  for (const auto& population : populations)
    shapes.push_back(
        {population->size(), population->ports(), dynamic_cast<const EventBlock*>(population.get()) != nullptr});
  return shapes;
}

Lanes Lanes::cut(std::span<const PopulationShape> populations, std::size_t count) {
  Lanes lanes;
  lanes.pieces.assign(count, std::vector<Piece>(populations.size()));
  lanes.slots.assign(count, 0);
  std::uint64_t all_small = 0, small_before = 0;
  for (const PopulationShape& population : populations) all_small += population.size < count ? population.size : 0;
  for (std::size_t p = 0; p < populations.size(); ++p) {
    const std::uint64_t size = populations[p].size;
    // Whole cache lines of every column belong to one lane, unless that would make the lanes uneven.
    const std::uint64_t grain = size >= 16 * 64 * count ? 64 : 1;
    const bool small = size < count;
    const auto border = [&](std::size_t k) {
      if (small) {
        const std::uint64_t exact = all_small * k / count;
        return static_cast<std::uint32_t>(std::clamp(exact, small_before, small_before + size) - small_before);
      }
      const std::uint64_t exact = size * k / count;
      return static_cast<std::uint32_t>(k == count ? size : exact / grain * grain);
    };
    for (std::size_t k = 0; k < count; ++k) {
      Piece& piece = lanes.pieces[k][p];
      piece.begin = border(k);
      piece.end = border(k + 1);
      piece.first_slot = lanes.slots[k];
      lanes.slots[k] += populations[p].ports * (piece.end - piece.begin);
    }
    if (small) small_before += size;
  }
  return lanes;
}

struct Simulation::State {
  State(Parts p, Threads t) : parts(std::move(p)), threads(std::move(t)), per_lane(parts.lanes.count()) {
    NeuronId first = 0;
    for (const auto& population : parts.populations) {
      infos.push_back({population->name(), first, population->size()});
      first += population->size();
      blocks.push_back({dynamic_cast<TickBlock*>(population.get()), dynamic_cast<EventBlock*>(population.get())});
    }
    neurons = first;
    for (std::size_t i = 0; i < per_lane.size(); ++i)
      per_lane[i].prepare(parts.lanes.pieces[i], parts.lanes.slots[i], blocks, parts.drives);
    wake();
    window = longest_window;
    window = std::min(longest_window, parts.connectivity->min_delay());
    max_delay = parts.connectivity->max_delay();
  }

  struct Block {  // one of the two
    TickBlock* tick;
    EventBlock* event;
  };
  // Slots [begin, end).
  struct Slots {
    std::uint32_t begin, end;
  };

  struct Lane {
    void prepare(const std::vector<Piece>& pieces, std::uint32_t slots, const std::vector<Block>& of,
                 const std::vector<std::unique_ptr<Drive>>& all_drives) {
      const auto is_here = [&](std::size_t population) { return pieces[population].begin != pieces[population].end; };
      for (const auto& drive : all_drives)
        if (is_here(drive->population())) drives.push_back(drive.get());
      for (std::size_t p = 0; p < pieces.size(); ++p)
        if (is_here(p)) populations.push_back(static_cast<std::uint32_t>(p));
      events.resize(populations.size());
      std::uint32_t end = 0;
      for (const std::uint32_t p : populations) {
        const std::uint32_t begin = pieces[p].first_slot;
        if (of[p].event != nullptr) {
          if (begin > end) cleared.push_back({end, begin});
          end = p + 1 < pieces.size() ? pieces[p + 1].first_slot : slots;
        }
      }
      if (slots > end) cleared.push_back({end, slots});
    }

    std::vector<std::uint32_t> populations;  // that have neurons here, ascending
    std::vector<const Drive*> drives;        // of these, as declared
    std::vector<Slots> cleared;              // after each tick; event blocks clear their own
    std::vector<EventPiece> events;          // as `populations`
    SpikeList spikes;
    StageTimes times;
    // First state that is not finite: population and neuron.
    bool broken = false;
    std::size_t broken_population = 0;
    std::uint32_t broken_neuron = 0;
  };

  // Neurons that no arrival has to wake.
  void wake() {
    for (std::size_t i = 0; i < per_lane.size(); ++i)
      for (std::size_t k = 0; k < per_lane[i].populations.size(); ++k) {
        const std::uint32_t p = per_lane[i].populations[k];
        if (blocks[p].event != nullptr) blocks[p].event->wake(now, parts.lanes.pieces[i][p], per_lane[i].events[k]);
      }
  }

  void* row(void* input, const Piece& piece, std::uint32_t port) const {
    return static_cast<std::byte*>(input) + piece.slot(port, piece.begin) * bytes_of(parts.precision);
  }

  // One lane's part of the window (now, now + ticks].
  void advance_lane(std::size_t index, Tick ticks, bool check) {
    Lane& lane = per_lane[index];
    const std::vector<Piece>& pieces = parts.lanes.pieces[index];
    Stopwatch watch(profiling);
    if (fan_out_pending) {
      parts.connectivity->fan_out(index, history.back(), now);
      watch.mark(lane.times.fan_out);
    }
    lane.spikes.neurons.clear();
    lane.spikes.end_of.clear();
    TouchedSlots* const touched = parts.connectivity->touched(index);
    for (Tick t = now + 1; t <= now + ticks; ++t) {
      const std::size_t before = lane.spikes.neurons.size();
      void* const input = parts.connectivity->arrivals(index, t);
      watch.mark(lane.times.arrive);
      for (const Drive* const drive : lane.drives) {
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
        parts.connectivity->spiked(index, t, std::span<const NeuronId>(lane.spikes.neurons).subspan(before));
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
  void gather(Tick ticks) {
    while (!history.empty() &&
           history.front().first + static_cast<Tick>(history.front().ticks()) - 1 + max_delay <= now)
      history.drop_front();
    SpikeBatch& batch = history.add();
    batch.first = now - ticks + 1;
    batch.neurons.clear();
    batch.tick_begin.assign(1, 0);
    for (std::size_t k = 0; k < static_cast<std::size_t>(ticks); ++k) {
      for (const Lane& lane : per_lane) {
        const SpikeList& list = lane.spikes;
        const std::uint32_t begin = k == 0 ? 0 : list.end_of[k - 1];
        if (begin != list.end_of[k])
          batch.neurons.insert(batch.neurons.end(), list.neurons.begin() + begin,
                               list.neurons.begin() + list.end_of[k]);
      }
      // Every lane's neurons ascend, and those of one population ascend with the lane: mostly there is little to sort.
      const auto first = batch.neurons.begin() + batch.tick_begin.back();
      if (!std::is_sorted(first, batch.neurons.end())) std::sort(first, batch.neurons.end());
      batch.tick_begin.push_back(static_cast<std::uint32_t>(batch.neurons.size()));
    }
    parts.connectivity->emitted(batch);
    fan_out_pending = true;
  }

  void throw_if_broken() {
    const Lane* worst = nullptr;
    for (const Lane& lane : per_lane)
      if (lane.broken && (worst == nullptr || std::pair(lane.broken_population, lane.broken_neuron) <
                                                  std::pair(worst->broken_population, worst->broken_neuron)))
        worst = &lane;
    if (worst == nullptr) return;
    throw_if_a_synapse_is_broken();  // which may be the cause
    throw NumericalError(
        {.file = {},
         .key = infos[worst->broken_population].name + "[" + std::to_string(worst->broken_neuron) + "]",
         .value = {},
         .problem = "the state is not finite at tick " + std::to_string(now) + " (looked at every " +
                    std::to_string(check_every) + " ticks)",
         .expected = "finite potentials and currents: check weights, inputs and dt",
         .suggestion = {}});
  }

  std::string name_of(NeuronId neuron) const {
    for (const PopulationInfo& info : infos)
      if (neuron - info.first < info.size) return info.name + "[" + std::to_string(neuron - info.first) + "]";
    return std::to_string(neuron);
  }
  void throw_if_a_synapse_is_broken() const {
    const auto broken = parts.connectivity->first_broken();
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

  Parts parts;
  Threads threads;
  std::vector<PopulationInfo> infos;
  std::vector<Block> blocks;  // [population]
  std::vector<Lane> per_lane;
  std::vector<SpikeSink*> sinks;
  std::vector<Probe*> probes;
  History history;
  StageTimes shared_times;
  std::uint64_t neurons = 0;
  Tick window = longest_window;
  Tick max_delay = 0;
  Tick now = 0;
  Tick last_check = 0;
  bool fan_out_pending = false;  // the newest batch has not reached the wheels yet
  bool profiling = false;
};

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
  for (const std::vector<Piece>& pieces : s.parts.lanes.pieces) probe.sample(s.now, pieces);
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
    while (s.now < end) {
      length = std::min(s.window, end - s.now);
      for (const Probe* probe : s.probes) length = std::min(length, probe->longest_window());
      length = s.parts.connectivity->window(s.now, length);
      check = s.now + length == end || s.now + length - s.last_check >= check_every;
      for (Probe* probe : s.probes) probe->begin(s.now + 1, s.now + length + 1);
      s.threads.for_each(s.per_lane.size(), advance);
      s.now += length;
      Stopwatch watch(s.profiling);
      s.gather(length);
      s.parts.connectivity->between_windows(s.now, s.threads);
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
  s.threads.for_each(s.per_lane.size(), [&](std::size_t lane) { s.parts.connectivity->settle(lane, s.now); });
  s.throw_if_a_synapse_is_broken();
}

void Simulation::check_synapses() const {
  state_->throw_if_a_synapse_is_broken();
}

void Simulation::learn(std::size_t projection, bool learns) {
  Connectivity& connectivity = *state_->parts.connectivity;
  if (connectivity.learns(projection) == learns) return;
  settle();  // as it learnt, or did not, up to now
  connectivity.learn(projection, learns, state_->now);
}

bool Simulation::learns(std::size_t projection) const {
  return state_->parts.connectivity->learns(projection);
}

const std::string& Simulation::fingerprint() const {
  return state_->parts.fingerprint;
}

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
  s.parts.connectivity->save(s.now, to);
  return to.take();
}

void Simulation::load(std::span<const std::byte> bytes) {
  State& s = *state_;
  const auto refuse = [](std::string key, std::string problem, std::string expected = {}) {
    throw StateError({.file = {},
                      .key = std::move(key),
                      .value = {},
                      .problem = std::move(problem),
                      .expected = std::move(expected),
                      .suggestion = {}});
  };
  ByteReader from(bytes);
  if (from.get_text("format") != state_format)
    refuse("format", "not a state of this version", std::string(state_format));
  if (from.get_text("fingerprint") != s.parts.fingerprint)
    refuse("fingerprint", "the state was saved from another network",
           "the same populations, projections, precision, dt and seed");
  const Tick now = from.get<Tick>("now");
  if (now < 0 || now > never / 2) refuse("now", "not a time");  // far from overflow, however long it runs on
  for (const auto& population : s.parts.populations) {
    if (from.get_text("population") != population->name()) refuse("population", "another order of populations");
    population->load(from);
  }
  const auto ticks = from.get_all<Tick>("in_flight.tick");
  const auto neurons = from.get_all<NeuronId>("in_flight.neuron");
  if (ticks.size() != neurons.size()) refuse("in_flight", "ticks and neurons differ in number");
  SpikeBatch batch;
  batch.first = std::max<Tick>(1, now - s.max_delay + 1);
  batch.tick_begin.assign(1, 0);
  std::size_t i = 0;
  for (Tick t = batch.first; t <= now; ++t) {
    for (; i < ticks.size() && ticks[i] == t; ++i) {
      if (neurons[i] >= s.neurons) refuse("in_flight.neuron", "no such neuron");
      if (batch.neurons.size() > batch.tick_begin.back() && batch.neurons.back() > neurons[i])
        refuse("in_flight.neuron", "spikes out of order");
      batch.neurons.push_back(neurons[i]);
    }
    batch.tick_begin.push_back(static_cast<std::uint32_t>(batch.neurons.size()));
  }
  if (i != ticks.size()) refuse("in_flight.tick", "spikes out of order or too old");
  s.parts.connectivity->load(now, batch, from);
  if (!from.at_end()) refuse("in_flight", "bytes behind the end");

  s.now = s.last_check = now;
  s.history.clear();
  s.fan_out_pending = false;
  for (State::Lane& lane : s.per_lane) lane.broken = false;
  s.wake();
  s.parts.connectivity->clear();
  if (batch.ticks() == 0) return;
  s.history.add() = std::move(batch);
  s.threads.for_each(s.per_lane.size(),
                     [&](std::size_t lane) { s.parts.connectivity->fan_out(lane, s.history.back(), now); });
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
  sum += state_->parts.connectivity->bytes();
  for (const State::Lane& lane : state_->per_lane)
    sum += lane.spikes.neurons.capacity() * 4 + lane.spikes.end_of.capacity() * 4;
  for (const State::Lane& lane : state_->per_lane)
    for (const EventPiece& piece : lane.events)
      sum += (piece.awake.capacity() + piece.hit.capacity() + piece.visited.capacity()) * 4;
  sum += state_->history.bytes();
  return sum;
}

}  // namespace rheo
