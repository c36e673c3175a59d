// Which slots of a lane's input were written to: a bit each, and a bit for each 64 of those, so that a tick costs what
// it touches and not the size of the lane. Taken in ascending order, whatever the order of writing.
#pragma once

#include <bit>
#include <cstddef>
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
    full_.clear();
    std::size_t n = 0;
    for (std::uint32_t s = first_word / 64; s <= last_word / 64; ++s)
      append(summary_[s] & within(s, first_word, last_word), s * 64, full_, n);
    const std::size_t words = n;
    n = to.size();
    for (std::size_t k = 0; k < words; ++k) {
      const std::uint32_t w = full_[k];
      const std::uint64_t mine = within(w, begin, end - 1);
      append(words_[w] & mine, w * 64 - begin, to, n);
      words_[w] &= ~mine;
      // A word that is shared with a neighbouring range may have more.
      if (words_[w] == 0) summary_[w / 64] &= ~(std::uint64_t{1} << w % 64);
    }
    to.resize(n);
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

  // Writes base + number of each bit that is set to to[n] and following, which has room afterwards. How many bits a
  // word has is hard to foretell: up to four are written without asking.
  static void append(std::uint64_t bits, std::uint32_t base, std::vector<std::uint32_t>& to, std::size_t& n) {
    if (to.size() < n + 64) to.resize(2 * n + 256);
    std::uint32_t* const out = to.data() + n;
    const auto count = static_cast<std::size_t>(std::popcount(bits));
    for (std::size_t k = 0; k < 4; ++k, bits &= bits - 1)
      out[k] = base + static_cast<std::uint32_t>(std::countr_zero(bits));
    for (std::size_t k = 4; k < count; ++k, bits &= bits - 1)
      out[k] = base + static_cast<std::uint32_t>(std::countr_zero(bits));
    n += count;
  }

  std::vector<std::uint64_t> words_, summary_;
  std::vector<std::uint32_t> full_;  // words with slots to be taken
};

}  // namespace rheo
