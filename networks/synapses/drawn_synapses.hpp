// Synapses on their way from the order in which they are drawn, target by target, to that in which they are stored, row
// by row. Rows are many and lie far apart, so that a store for each synapse would miss every cache. Therefore synapses
// first go to some hundred groups of rows, each of which is written from front to back, and then, group by group and
// within a cache, to their places: a radix sort whose first pass is the drawing. The places are in the same memory, so
// that building takes hardly more of it than what is built.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/aligned.hpp"
#include "core/diagnostics.hpp"
#include "core/types.hpp"

namespace rheo {

// How synapses are kept until they are sorted: the row within its group, the delay and the slot in one word, the row in
// the highest bits.
struct DrawnFormat {
  std::uint32_t rows = 1;
  unsigned slot_bits = 0, delay_bits = 0, row_bits = 0;
  double expected = 0;   // synapses
  bool is_wide = false;  // a word has 64 bits, not 32

  bool by_delay = false;  // a row's synapses are sorted by delay, not only in the order in which they were put

  // slots: of the lane. longest_delay: in ticks, less than 2^31; 0: delays are not kept. synapses: how many there will
  // be, about.
  DrawnFormat(std::uint32_t row_count, std::uint32_t slots, Tick longest_delay, bool sorted, double synapses)
      : rows(row_count),
        slot_bits(bits_below(slots)),
        delay_bits(longest_delay == 0 ? 0 : bits_below(static_cast<std::uint32_t>(longest_delay) + 1)),
        expected(std::max(synapses, 1.0)),
        by_delay(sorted) {
    const double rows_of_group = std::clamp(synapses_of_group / expected * rows, rows / most_groups, 1.0 * rows);
    row_bits = bits_below(static_cast<std::uint32_t>(std::ceil(rows_of_group)));
    const unsigned least = bits_below(static_cast<std::uint32_t>(std::ceil(rows / most_groups)));
    is_wide = slot_bits + delay_bits + least > 32;
    if (!is_wide) row_bits = std::min(row_bits, 32 - slot_bits - delay_bits);
  }
  std::size_t groups() const { return ((std::size_t{rows} - 1) >> row_bits) + 1; }
  // What all of them take, each with a weight of so many bytes.
  double bytes(std::size_t weight) const { return 1.05 * expected * static_cast<double>((is_wide ? 8 : 4) + weight); }

 private:
  // A group is sorted within a megabyte; more groups than the lines of a first cache would be written at random
  // again.
  static constexpr double synapses_of_group = 49152, most_groups = 512;

  static unsigned bits_below(std::uint32_t n) { return static_cast<unsigned>(std::bit_width(n - 1)); }
};

struct NoWeight {};

// Word: std::uint32_t or std::uint64_t, as the format says. Weight: a number or NoWeight.
template <class Word, class Weight>
class DrawnSynapses {
 public:
  static constexpr bool has_weights = !std::is_same_v<Weight, NoWeight>;
#pragma pack(push, 2)
  struct Record {
    Word word;
    [[no_unique_address]] Weight weight;
  };
#pragma pack(pop)

  explicit DrawnSynapses(const DrawnFormat& format)
      : format_(format), groups_(format.groups()), pieces_(groups_.size()) {
    const double each = format.expected / static_cast<double>(groups_.size());
    piece_ = static_cast<std::size_t>(std::clamp(each / 8, 64.0, 4096.0));
    const double all = std::min(1.05 * format.expected, static_cast<double>(most));
    memory_ = AlignedColumn<std::byte>((static_cast<std::size_t>(all) / piece_ + groups_.size() + 1) * piece_bytes());
  }

  // Synapses of one target in their order. delays are not read where they are not kept, nor weights where there are
  // none.
  void put(std::span<const std::uint32_t> rows, const std::uint32_t* delays, std::uint32_t slot,
           const double* weights) {
    const unsigned slot_bits = format_.slot_bits, delay_bits = format_.delay_bits, row_bits = format_.row_bits;
    const Word mask = (Word{1} << row_bits) - 1;
    Group* const groups = groups_.data();
    for (std::size_t k = 0; k < rows.size(); ++k) {
      Group& group = groups[rows[k] >> row_bits];
      if (group.next == group.end) grow(group);
      Record record;
      record.word = ((rows[k] & mask) << delay_bits | (delay_bits == 0 ? 0 : delays[k])) << slot_bits | slot;
      if constexpr (has_weights) record.weight = static_cast<Weight>(weights[k]);
      *group.next++ = record;
    }
  }
  std::uint32_t slot(const Record& record) const {
    return static_cast<std::uint32_t>(record.word & ((Word{1} << format_.slot_bits) - 1));
  }
  std::uint32_t delay(const Record& record) const {
    return static_cast<std::uint32_t>(record.word >> format_.slot_bits & ((Word{1} << format_.delay_bits) - 1));
  }
  std::size_t size() const {
    std::size_t sum = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g) sum += size_of(g);
    return sum;
  }

  // A lane numbers its synapses in 32 bits.
  static constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  [[noreturn]] static void reject_size(std::size_t size) {
    reject({}, fmt::format("{} synapses onto one lane", size), "too many", "more lanes (simulation.lanes)");
  }

  // Synapses of neighbouring rows, by row, delay and the order in which they were put.
  struct Sorted {
    std::uint32_t first_row;
    std::span<const std::uint32_t> begin;  // [rows + 1] first synapse of each row
    std::span<const Record> synapses;
  };
  // Calls use(sorted) for all groups, rows ascending.
  template <class Use>
  void for_each_group(const Use& use) {
    for (std::size_t g = 0; g < groups_.size(); ++g) use(sort(g));
  }
  // The same, but use(sorted, to) writes what is to be stored for each synapse from `to` on. All that is returned; it
  // is in the memory in which the synapses were drawn, of which nothing is left here.
  template <class Stored, class Use>
  AlignedColumn<std::byte> store_as(const Use& use) {
    static_assert(sizeof(Stored) <= sizeof(Record));
    std::size_t stored = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const Sorted sorted = sort(g);
      for (const std::uint32_t piece : pieces_[g]) owner_[piece] = nobody;
      free_.insert(free_.end(), pieces_[g].begin(), pieces_[g].end());
      clear_front((stored + sorted.synapses.size()) * sizeof(Stored));
      use(sorted, reinterpret_cast<Stored*>(memory_.data()) + stored);
      stored += sorted.synapses.size();
    }
    memory_.shrink(stored * sizeof(Stored));
    return std::move(memory_);
  }

 private:
  struct Group {
    Record* next = nullptr;
    Record* end = nullptr;
  };

  static constexpr unsigned digit_bits = 11;
  static constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();

  std::size_t piece_bytes() const {
    return piece_ * sizeof(Record);
  }
  Record* at(std::size_t piece) {
    return reinterpret_cast<Record*>(memory_.data() + piece * piece_bytes());
  }
  const Record* at(std::size_t piece) const {
    return reinterpret_cast<const Record*>(memory_.data() + piece * piece_bytes());
  }
  [[gnu::noinline]] void grow(Group& group) {
    const std::size_t piece = owner_.size(), all = piece * piece_;
    if (all > most + groups_.size() * piece_) reject_size(all - groups_.size() * piece_);
    if ((piece + 1) * piece_bytes() > memory_.size()) enlarge();
    const auto g = static_cast<std::uint32_t>(&group - groups_.data());
    owner_.push_back(g);
    pieces_[g].push_back(static_cast<std::uint32_t>(piece));
    group.next = at(piece);
    group.end = group.next + piece_;
  }
  // There are more synapses than were expected.
  void enlarge() {
    AlignedColumn<std::byte> larger((owner_.size() * 3 / 2 + 1) * piece_bytes());
    std::memcpy(larger.data(), memory_.data(), owner_.size() * piece_bytes());
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (pieces_[g].empty()) continue;
      const std::ptrdiff_t next = groups_[g].next - at(pieces_[g].back());
      groups_[g].next = reinterpret_cast<Record*>(larger.data() + pieces_[g].back() * piece_bytes()) + next;
      groups_[g].end = groups_[g].next + (static_cast<std::ptrdiff_t>(piece_) - next);
    }
    memory_ = std::move(larger);
  }
  std::size_t size_of(std::size_t g) const {
    return pieces_[g].size() * piece_ - static_cast<std::size_t>(groups_[g].end - groups_[g].next);
  }
  template <class Use>
  void for_each_record(std::size_t g, const Use& use) const {
    std::size_t left = size_of(g);
    for (const std::uint32_t piece : pieces_[g]) {
      const Record* const begin = at(piece);
      const std::size_t n = std::min(left, piece_);
      for (std::size_t i = 0; i < n; ++i) use(begin[i]);
      left -= n;
    }
  }
  // Moves pieces of groups that are not yet sorted out of the first bytes, to where pieces were whose synapses are in
  // these bytes: there are enough of those, as nothing is stored in more bytes than it was drawn in.
  void clear_front(std::size_t bytes) {
    const std::size_t end = (bytes + piece_bytes() - 1) / piece_bytes();
    for (; front_ < end; ++front_) {
      const std::uint32_t owner = owner_[front_];
      if (owner == nobody) continue;
      while (free_.back() < end) free_.pop_back();
      const std::uint32_t to = free_.back();
      free_.pop_back();
      std::memcpy(at(to), at(front_), piece_bytes());
      *std::ranges::find(pieces_[owner], front_) = to;
      owner_[to] = owner;
    }
  }

  // Records in the order of some bits of their words, and otherwise in the order that they have. each(use) calls
  // use(record) for all.
  template <class Each>
  void place(const Each& each, unsigned shift, unsigned bits, Record* to) {
    const Word mask = (Word{1} << bits) - 1;
    if (bits == 0) shift = 0;  // it may be that of a whole word
    begin_.assign(static_cast<std::size_t>(mask) + 2, 0);
    std::uint32_t* const begin = begin_.data() + 1;
    each([=](const Record& record) { ++begin[record.word >> shift & mask]; });
    std::uint32_t sum = 0;
    for (std::uint32_t& count : begin_) sum += std::exchange(count, sum);
    // Here begin[d] is where the next one of d goes, and in the end where d + 1 begins.
    each([=](const Record& record) { to[begin[record.word >> shift & mask]++] = record; });
  }

  Sorted sort(std::size_t g) {
    const std::size_t n = size_of(g);
    for (std::vector<Record>* records : {&sorted_, &from_}) records->resize(std::max(records->size(), n));
    unsigned low = format_.slot_bits, bits = 0;
    const unsigned end = low + format_.delay_bits;
    const auto drawn = [&](const auto& use) { for_each_record(g, use); };
    const auto placed = [&](const auto& use) {
      for (std::size_t i = 0; i < n; ++i) use(from_[i]);
    };
    bool is_first = true;
    for (; format_.by_delay && low < end; low += bits, is_first = false) {
      bits = std::min(digit_bits, end - low);
      is_first ? place(drawn, low, bits, sorted_.data()) : place(placed, low, bits, sorted_.data());
      std::swap(from_, sorted_);
    }
    is_first ? place(drawn, end, format_.row_bits, sorted_.data())
             : place(placed, end, format_.row_bits, sorted_.data());
    const auto first_row = static_cast<std::uint32_t>(g << format_.row_bits);
    const std::size_t rows = std::min<std::size_t>(format_.rows - first_row, std::size_t{1} << format_.row_bits);
    return {first_row, {begin_.data(), rows + 1}, {sorted_.data(), n}};
  }

  DrawnFormat format_;
  std::size_t piece_ = 0;  // records of a piece
  std::vector<Group> groups_;
  std::vector<std::vector<std::uint32_t>> pieces_;  // [group] each but the last one full
  AlignedColumn<std::byte> memory_;                 // [piece][record]
  std::vector<std::uint32_t> owner_;                // [piece] the group that it is of
  std::vector<std::uint32_t> free_;                 // pieces whose synapses are sorted
  std::size_t front_ = 0;                           // pieces before are stored, or nobody's
  // Of the group that is sorted.
  std::vector<Record> from_, sorted_;
  std::vector<std::uint32_t> begin_;
};

}  // namespace rheo
