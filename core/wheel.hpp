// The wheel of delay slices: what is in flight to one lane through one projection, filed under the tick of arrival.
// Insert and drain are O(1); buckets keep their capacity, so that nothing is allocated in steady state.
//
// Invariant: after every call all entries arrive in (now, now + horizon], where now is the last drained tick; entries of
// one bucket keep the order of their insertion, which the caller makes the order of (emission tick, source).
#pragma once

#include <span>
#include <vector>

#include "core/types.hpp"

namespace rheo {

template <class Entry>
class DelayWheel {
 public:
  DelayWheel() = default;
  // horizon: largest delay in ticks.
  explicit DelayWheel(Tick horizon) : buckets_(static_cast<std::size_t>(horizon) + 1) {}

  // Position of tick t; position + delay, less size() when it runs over, is the position of t + delay.
  std::size_t position(Tick t) const { return static_cast<std::size_t>(t) % buckets_.size(); }
  std::size_t size() const { return buckets_.size(); }

  void push(std::size_t position_of_emission, std::size_t delay, Entry entry) {
    std::size_t p = position_of_emission + delay;
    if (p >= buckets_.size()) p -= buckets_.size();
    buckets_[p].push_back(entry);
  }
  std::span<const Entry> at(std::size_t position) const { return buckets_[position]; }
  void drained(std::size_t position) { buckets_[position].clear(); }
  void clear() {
    for (auto& bucket : buckets_) bucket.clear();
  }
  std::size_t bytes() const {
    std::size_t sum = buckets_.capacity() * sizeof(buckets_[0]);
    for (const auto& bucket : buckets_) sum += bucket.capacity() * sizeof(Entry);
    return sum;
  }

 private:
  std::vector<std::vector<Entry>> buckets_;
};

}  // namespace rheo
