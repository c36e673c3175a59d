// Synapses that were drawn, put in order within the memory in which they were drawn.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <tuple>
#include <vector>

#include "networks/synapses/drawn_synapses.hpp"

using namespace rheo;

namespace {

struct DrawnSynapse {
  std::uint32_t row, delay, slot;
  float weight;
  bool operator==(const DrawnSynapse&) const = default;
};

struct DrawnShape {
  std::uint32_t rows, slots;
  Tick longest;
  bool by_delay;
  std::size_t synapses;  // that there are
  double expected;
  std::uint32_t used_rows;  // the first ones, which have all of them
};

std::vector<DrawnSynapse> random_synapses(const DrawnShape& shape) {
  std::mt19937 random(static_cast<unsigned>(shape.synapses));
  std::vector<DrawnSynapse> synapses;
  for (std::size_t i = 0; i < shape.synapses; ++i)
    synapses.push_back({static_cast<std::uint32_t>(random() % shape.used_rows),
                        shape.longest == 0 ? 0 : static_cast<std::uint32_t>(random() % shape.longest + 1),
                        static_cast<std::uint32_t>(random() % shape.slots), static_cast<float>(random() % 1000)});
  return synapses;
}

// What is stored for them, by the sort at hand and by that of the standard library.
template <class Word, class Weight, class Stored>
void check_order(const DrawnShape& shape) {
  const DrawnFormat format(shape.rows, shape.slots, shape.longest, shape.by_delay, shape.expected);
  REQUIRE(format.is_wide == (sizeof(Word) == 8));
  using Drawn = DrawnSynapses<Word, Weight>;
  Drawn drawn(format);
  std::vector<DrawnSynapse> expected = random_synapses(shape);
  for (const DrawnSynapse& synapse : expected) {
    const double weight = synapse.weight;
    drawn.put({&synapse.row, 1}, &synapse.delay, synapse.slot, &weight);
  }
  std::ranges::stable_sort(expected, {}, [&](const DrawnSynapse& synapse) {
    return std::tuple(synapse.row, shape.by_delay ? synapse.delay : 0);
  });
  REQUIRE(drawn.size() == expected.size());
  std::size_t first = 0;
  const auto address = [](std::uint32_t delay, std::uint32_t slot) {
    return static_cast<Stored>(delay * 1000003 + slot);
  };
  const AlignedColumn<std::byte> memory =
      drawn.template store_as<Stored>([&](const typename Drawn::Sorted& group, Stored* to) {
        std::size_t different = 0;
        for (std::size_t r = 0; r + 1 < group.begin.size(); ++r)
          for (std::uint32_t s = group.begin[r]; s < group.begin[r + 1]; ++s) {
            const auto& record = group.synapses[s];
            DrawnSynapse found{group.first_row + static_cast<std::uint32_t>(r), drawn.delay(record), drawn.slot(record),
                               expected[first + s].weight};
            if constexpr (Drawn::has_weights) found.weight = record.weight;
            different += found != expected[first + s];
            to[s] = address(found.delay, found.slot);
          }
        CHECK(different == 0);
        first += group.synapses.size();
      });
  REQUIRE(first == expected.size());
  REQUIRE(memory.size() == expected.size() * sizeof(Stored));
  std::size_t different = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    different += reinterpret_cast<const Stored*>(memory.data())[i] != address(expected[i].delay, expected[i].slot);
  CHECK(different == 0);
}

}  // namespace

TEST_CASE("drawn synapses are sorted within the memory that they were drawn in") {
  const std::size_t many = 300'000;
  const auto shape = [](std::size_t synapses, double expected) {
    return DrawnShape{20000, 5000, 40, true, synapses, expected, 20000};
  };
  SECTION("as many as were expected") {
    check_order<std::uint32_t, NoWeight, std::uint32_t>(shape(many, many));
  }
  SECTION("far more, so that the memory grows on the way") {
    check_order<std::uint32_t, NoWeight, std::uint32_t>(shape(many, 1000));
  }
  SECTION("far fewer") {
    check_order<std::uint32_t, NoWeight, std::uint32_t>(shape(20'000, 3e6));
  }
  SECTION("stored in half of their size") {
    check_order<std::uint32_t, NoWeight, std::uint16_t>(shape(many, many));
  }
  SECTION("with weights") {
    check_order<std::uint32_t, float, std::uint32_t>(shape(many, many));
  }
  SECTION("in wide words") {
    check_order<std::uint64_t, float, std::uint64_t>({20000, 1u << 30, 4000, true, many, many, 20000});
  }
  SECTION("in the order in which they were drawn, all in the first rows") {
    check_order<std::uint32_t, NoWeight, std::uint32_t>({20000, 5000, 0, false, many, many, 3});
  }
  SECTION("a few") {
    check_order<std::uint32_t, NoWeight, std::uint32_t>({7, 3, 5, true, 20, 15, 7});
  }
}

TEST_CASE("a column that shrinks keeps what it has") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{600'000}, std::size_t{3'000'000}}) {
    CAPTURE(size);
    AlignedColumn<std::uint32_t> column(3'000'000);
    for (std::size_t i = 0; i < column.size(); ++i) column[i] = static_cast<std::uint32_t>(i);
    column.shrink(size);
    REQUIRE(column.size() == size);
    std::size_t different = 0;
    for (std::size_t i = 0; i < size; ++i) different += column[i] != i;
    CHECK(different == 0);
    // What follows may be read, and is 0.
    if (size != 0) CHECK(std::all_of(column.end(), column.end() + 16, [](std::uint32_t one) { return one == 0; }));
  }
}
