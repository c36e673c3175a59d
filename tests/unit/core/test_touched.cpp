#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "core/touched.hpp"

namespace test_touched {

using rheo::TouchedSlots;

TEST_CASE("touched slots come back once, ascending, from the range that is asked for") {
  std::mt19937 random(2);
  for (const std::uint32_t slots : {1u, 63u, 64u, 65u, 4096u, 4097u, 20'000u}) {
    TouchedSlots touched(slots);
    std::set<std::uint32_t> expected;
    for (int round = 0; round < 300; ++round) {
      for (auto k = random() % (round % 10 == 0 ? 400 : 8); k > 0; --k) {
        const auto slot = static_cast<std::uint32_t>(random() % slots);
        touched.set(slot);
        expected.insert(slot);
      }
      const auto a = static_cast<std::uint32_t>(random() % (slots + 1)),
                 b = static_cast<std::uint32_t>(random() % (slots + 1));
      const std::uint32_t begin = std::min(a, b), end = round % 7 == 0 ? begin : std::max(a, b);
      std::vector<std::uint32_t> taken{7}, right{7};
      touched.take(begin, end, taken);
      for (auto slot = expected.lower_bound(begin); slot != expected.end() && *slot < end; slot = expected.erase(slot))
        right.push_back(*slot - begin);
      REQUIRE(taken == right);
    }
    std::vector<std::uint32_t> rest;
    touched.take(0, slots, rest);
    CHECK(rest == std::vector<std::uint32_t>(expected.begin(), expected.end()));
  }
}

}  // namespace test_touched
