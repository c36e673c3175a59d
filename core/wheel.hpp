// The wheel of delay slices: what is in flight to one lane through one projection, filed under the tick of arrival.
// Insert and drain are O(1), and nothing is allocated once the largest load has been seen.
//
// A bucket is a chain of small chunks from one pool. (A growing array per bucket makes buckets that fill at the same
// pace write to the same cache sets; chunks cut that time to a half and hold what is in flight, not the largest load
// times the horizon.)
//
// Invariant: all entries arrive in (now, now + horizon], where now is the last drained tick; entries of one bucket keep
// the order of their insertion, which the caller makes the order of (emission tick, source).
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.hpp"

namespace rheo {

template <class Entry>
class DelayWheel {
 public:
  DelayWheel() = default;
  // horizon: largest delay in ticks.
  explicit DelayWheel(Tick horizon) : buckets_(static_cast<std::size_t>(horizon) + 1) {}

  // Position of tick t, to be passed to push and drain.
  std::size_t position(Tick t) const { return static_cast<std::size_t>(t) % buckets_.size(); }

  // Files an entry `delay` ticks (1 to horizon) after the tick at `position_of_emission`.
  void push(std::size_t position_of_emission, std::size_t delay, Entry entry) {
    std::size_t p = position_of_emission + delay;
    if (p >= buckets_.size()) p -= buckets_.size();
    Bucket& bucket = buckets_[p];
    if (bucket.room == 0) grow(bucket);
    pool_[bucket.last].entries[chunk_size - bucket.room--] = entry;
  }

  bool empty(std::size_t position) const { return buckets_[position].first == none; }

  // Calls use(entry) for the first of a bucket, some thirty at most, until it returns false.
  template <class Use>
  void peek(std::size_t position, const Use& use) const {
    const Bucket& bucket = buckets_[position];
    if (bucket.first == none) return;
    const std::uint32_t n = bucket.first == bucket.last ? chunk_size - bucket.room : chunk_size;
    for (std::uint32_t k = 0; k < n && use(pool_[bucket.first].entries[k]); ++k) {
    }
  }

  // Appends the bucket's entries to `to` in the order of insertion and empties the bucket.
  void drain(std::size_t position, std::vector<Entry>& to) {
    Bucket& bucket = buckets_[position];
    for (std::uint32_t c = bucket.first; c != none;) {
      const Chunk& chunk = pool_[c];
      const std::uint32_t n = c == bucket.last ? chunk_size - bucket.room : chunk_size;
      to.insert(to.end(), chunk.entries, chunk.entries + n);
      c = chunk.next;
    }
    release(bucket);
  }

  void clear() {
    for (Bucket& bucket : buckets_) release(bucket);
  }
  std::size_t bytes() const { return buckets_.capacity() * sizeof(Bucket) + pool_.capacity() * sizeof(Chunk); }

 private:
  static constexpr std::uint32_t none = 0xffffffffu;
  static constexpr std::uint32_t chunk_size = 31;  // with entries of 8 bytes a chunk is four cache lines
  struct Chunk {
    Entry entries[chunk_size];
    std::uint32_t next;
  };
  struct Bucket {
    std::uint32_t first = none, last = none;  // chunks
    std::uint32_t room = 0;                   // free entries in the last chunk
  };

  void grow(Bucket& bucket) {
    std::uint32_t fresh = free_;
    if (fresh != none) {
      free_ = pool_[fresh].next;
      // Where much is in flight, chunks have left the caches when they are used again.
      if (free_ != none) __builtin_prefetch(&pool_[free_].next);
    } else {
      fresh = static_cast<std::uint32_t>(pool_.size());
      pool_.emplace_back();
    }
    pool_[fresh].next = none;
    if (bucket.first == none)
      bucket.first = fresh;
    else
      pool_[bucket.last].next = fresh;
    bucket.last = fresh;
    bucket.room = chunk_size;
  }
  void release(Bucket& bucket) {
    if (bucket.first != none) {
      pool_[bucket.last].next = free_;
      free_ = bucket.first;
    }
    bucket = Bucket{};
  }

  std::vector<Bucket> buckets_;
  std::vector<Chunk> pool_;
  std::uint32_t free_ = none;  // chain of chunks to use again
};

}  // namespace rheo
