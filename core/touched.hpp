// Which slots of a lane's input were written to: a bit each, and a bit for each 64 of those, so that a tick costs what
// it touches and not the size of the lane. Taken in ascending order, whatever the order of writing.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace rheo {

class TouchedSlots {
 public:
  TouchedSlots() = default;
  explicit TouchedSlots(std::uint32_t slots)
      : words_((std::size_t{slots} + 63) / 64), summary_((words_.size() + 63) / 64) {}

  void set(std::uint32_t slot) {
    words_[slot / 64] |= std::uint64_t{1} << slot % 64;
    summary_[slot / 4096] |= std::uint64_t{1} << slot / 64 % 64;
  }

  // Appends slot - begin for every slot of [begin, end) that was set, ascending, and forgets them.
  void take(std::uint32_t begin, std::uint32_t end, std::vector<std::uint32_t>& to) {
    if (begin >= end) return;
    const std::uint32_t first_word = begin / 64, last_word = (end - 1) / 64;
    for (std::uint32_t s = first_word / 64; s <= last_word / 64; ++s) {
      for (std::uint64_t full = summary_[s] & within(s, first_word, last_word); full != 0; full &= full - 1) {
        const std::uint32_t w = s * 64 + static_cast<std::uint32_t>(std::countr_zero(full));
        const std::uint64_t mine = within(w, begin, end - 1);
        for (std::uint64_t bits = words_[w] & mine; bits != 0; bits &= bits - 1)
          to.push_back(w * 64 + static_cast<std::uint32_t>(std::countr_zero(bits)) - begin);
        words_[w] &= ~mine;
        if (words_[w] == 0) summary_[s] &= ~(std::uint64_t{1} << w % 64);
      }
    }
  }

  std::size_t bytes() const { return (words_.capacity() + summary_.capacity()) * sizeof(std::uint64_t); }

 private:
  // The bits of word w that stand for first .. last.
  static std::uint64_t within(std::uint32_t w, std::uint32_t first, std::uint32_t last) {
    std::uint64_t bits = ~std::uint64_t{0};
    if (w == first / 64) bits &= ~std::uint64_t{0} << first % 64;
    if (w == last / 64) bits &= ~std::uint64_t{0} >> (63 - last % 64);
    return bits;
  }

  std::vector<std::uint64_t> words_, summary_;
};

}  // namespace rheo
