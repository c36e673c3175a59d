// What a simulation holds while it runs. For window.cpp and state.cpp alone.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

#include "core/loop/simulation.hpp"

namespace rheo {

// Longest window in ticks when no delay limits it: bounds the spikes held at once.
inline constexpr Tick longest_window = 1024;
// States are scanned for NaN and infinity about this often, in ticks.
inline constexpr Tick check_every = 64;

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

struct Simulation::State {
  State(Parts p, Threads t) : parts(std::move(p)), threads(std::move(t)), per_lane(parts.lanes.count()) {
    if (!parts.exchange) parts.exchange = std::make_unique<Exchange>();
    NeuronId first = 0;
    for (const auto& population : parts.populations) {
      infos.push_back({population->name(), first, population->size()});
      first += population->size();
      blocks.emplace_back(*population);
    }
    neurons = first;
    parts.delivery->attach(parts.populations);
    for (std::size_t i = parts.lanes.owned.begin; i < parts.lanes.owned.end; ++i)
      per_lane[i].prepare(parts.lanes.pieces[i], parts.lanes.slots[i], blocks, parts.inputs);
    wake();
    window = longest_window;
    window = std::min(longest_window, parts.delivery->min_delay());
    max_delay = parts.delivery->max_delay();
  }

  struct Block {  // one of the two
    explicit Block(PopulationBlock& block)
        : tick(dynamic_cast<TickBlock*>(&block)), event(dynamic_cast<EventBlock*>(&block)) {}
    TickBlock* tick;
    EventBlock* event;
  };
  // Slots [begin, end).
  struct Slots {
    std::uint32_t begin, end;
  };

  struct Lane {
    void prepare(const std::vector<Piece>& pieces, std::uint32_t slots, const std::vector<Block>& of,
                 const std::vector<std::unique_ptr<Input>>& all_drives) {
      take_inputs(pieces, all_drives);
      for (std::size_t p = 0; p < pieces.size(); ++p)
        if (pieces[p].begin != pieces[p].end) populations.push_back(static_cast<std::uint32_t>(p));
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
    void take_inputs(const std::vector<Piece>& pieces, const std::vector<std::unique_ptr<Input>>& all) {
      inputs.clear();
      for (const auto& input : all) {
        const Piece& piece = pieces[input->population()];
        if (piece.begin != piece.end) inputs.push_back(input.get());
      }
    }

    std::vector<std::uint32_t> populations;  // that have neurons here, ascending
    std::vector<const Input*> inputs;        // of these, as declared
    std::vector<Slots> cleared;              // after each tick; event blocks clear their own
    std::vector<EventPiece> events;          // as `populations`
    SpikeList spikes;
    StageTimes times;
    // First state that is not finite: population and neuron.
    bool broken = false;
    std::size_t broken_population = 0;
    std::uint32_t broken_neuron = 0;
  };

  // body(lane) for the lanes that are computed here, beside each other.
  void for_each_lane(const std::function<void(std::size_t)>& body) const {
    const auto [begin, end] = parts.lanes.owned;
    if (begin == 0) return threads.for_each(end, body);
    threads.for_each(end - begin, [&, begin = begin](std::size_t i) { body(begin + i); });
  }
  void wake();                                                   // neurons that no arrival has to wake
  void advance_lane(std::size_t index, Tick ticks, bool check);  // one lane's part of the window (now, now + ticks]
  void gather(Tick ticks);                                       // lists of lanes -> one batch by (tick, neuron)
  void throw_if_broken();
  void throw_if_a_synapse_is_broken() const;
  std::string name_of(NeuronId neuron) const;

  void* row(void* input, const Piece& piece, std::uint32_t port) const {
    return static_cast<std::byte*>(input) + piece.slot(port, piece.begin) * bytes_of(parts.precision);
  }

  Parts parts;
  Threads threads;
  std::vector<PopulationInfo> infos;
  std::vector<Block> blocks;   // [population]
  std::vector<Lane> per_lane;  // those of other processes stay empty
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

}  // namespace rheo
