// The wheel of delay slices against a multimap: what is pushed at t with delay d comes out at t + d and at no other
// time, in the order of pushing.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "core/wheel.hpp"

namespace test_wheel {

namespace {

using rheo::DelayWheel;
using rheo::Tick;

// Drives wheel and multimap side by side; a multimap keeps equal keys in the order of insertion.
class Pair {
 public:
  explicit Pair(Tick horizon) : wheel_(horizon), horizon_(horizon) {}
  void push(Tick emitted, Tick delay) {
    wheel_.push(wheel_.position(emitted), static_cast<std::size_t>(delay), next_);
    oracle_.emplace(emitted + delay, next_++);
  }
  // Everything that arrives at t, in order, from both.
  bool drain(Tick t) {
    std::vector<std::uint32_t> expected;
    for (auto [it, end] = oracle_.equal_range(t); it != end; ++it) expected.push_back(it->second);
    oracle_.erase(t);
    drained_ += expected.size();
    const std::size_t position = wheel_.position(t);
    const bool agree = wheel_.empty(position) == expected.empty();
    std::vector<std::uint32_t> found{4711};  // drain must append
    wheel_.drain(position, found);
    return agree && found.front() == 4711 && wheel_.empty(position) &&
           std::equal(found.begin() + 1, found.end(), expected.begin(), expected.end());
  }
  void clear() {
    wheel_.clear();
    oracle_.clear();
  }
  Tick horizon() const { return horizon_; }
  bool empty() const { return oracle_.empty(); }
  std::uint64_t drained() const { return drained_; }

 private:
  DelayWheel<std::uint32_t> wheel_;
  std::multimap<Tick, std::uint32_t> oracle_;
  Tick horizon_;
  std::uint32_t next_ = 0;
  std::uint64_t drained_ = 0;
};

}  // namespace

TEST_CASE("every entry of every delay is drained at its tick, through many turns of the wheel") {
  const Tick horizon = GENERATE(Tick{1}, Tick{2}, Tick{3}, Tick{15}, Tick{16}, Tick{97});
  Pair pair(horizon);
  std::uint64_t wrong = 0;
  const Tick ticks = 12 * horizon + 5;
  for (Tick t = 1; t <= ticks; ++t) {
    wrong += !pair.drain(t);
    for (Tick delay = 1; delay <= horizon; ++delay) pair.push(t, delay);
  }
  CHECK(wrong == 0);
  // All that can have arrived: delay d from every tick up to ticks - d.
  std::uint64_t expected = 0;
  for (Tick delay = 1; delay <= horizon; ++delay) expected += static_cast<std::uint64_t>(ticks - delay);
  CHECK(pair.drained() == expected);
}

// As the engine does it: a window of ticks is drained, then the spikes of all its ticks are pushed at once.
TEST_CASE("the wheel agrees with a multimap when spikes are pushed a window at a time") {
  std::mt19937_64 random(7);
  std::uint64_t wrong = 0, drained = 0;
  for (const Tick start : {Tick{0}, Tick{123'456'789}, Tick{1} << 40}) {
    for (const Tick horizon : {1, 2, 10, 100, 10'000}) {
      for (const Tick least : {Tick{1}, (horizon + 1) / 2, horizon}) {
        Pair pair(horizon);
        Tick now = start;
        const Tick end = start + 5 * horizon + 50;
        while (now < end) {
          const Tick length = 1 + static_cast<Tick>(random() % static_cast<std::uint64_t>(least));
          for (Tick t = now + 1; t <= now + length; ++t) wrong += !pair.drain(t);
          for (Tick t = now + 1; t <= now + length; ++t)
            for (std::uint64_t k = random() % (random() % 50 == 0 ? 200 : 4); k > 0; --k)
              pair.push(t, least + static_cast<Tick>(random() % static_cast<std::uint64_t>(horizon - least + 1)));
          now += length;
          if (random() % 1000 == 0) pair.clear();
        }
        for (Tick t = now + 1; t <= now + horizon; ++t) wrong += !pair.drain(t);
        CHECK(pair.empty());
        drained += pair.drained();
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(drained > 500'000);
}

}  // namespace test_wheel
