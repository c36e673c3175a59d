// The team of threads: every item once, whatever the numbers; errors come out; the floating-point environment of
// whoever calls never reaches an item.
#include <sched.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "core/parallel.hpp"

namespace test_parallel {

namespace {

using rheo::Threads;

// More threads than any test machine hands out, so that a team larger than the processors is always among them.
std::vector<unsigned> team_sizes() {
  return {1, 2, 3, 4, 7, 4 * rheo::usable_processors()};
}

}  // namespace

TEST_CASE("for_each runs every item once", "[parallel]") {
  for (const unsigned count : team_sizes()) {
    const Threads threads(count);
    CHECK(threads.count() == count);
    for (const std::size_t n : {0u, 1u, 2u, 3u, 16u, 64u, 1000u}) {
      std::vector<std::atomic<int>> runs(n);
      // Again and again: a team is used millions of times in a simulation.
      for (int round = 1; round <= 20; ++round) {
        threads.for_each(n, [&](std::size_t i) { ++runs[i]; });
        for (const auto& times : runs) REQUIRE(times == round);
      }
    }
  }
  CHECK(rheo::usable_processors() >= 1);
  CHECK(Threads().count() == rheo::usable_processors());
}

TEST_CASE("What items wrote is visible afterwards", "[parallel]") {
  const Threads threads(4);
  std::vector<std::size_t> plain(500, 0);
  threads.enter([&] {
    for (std::size_t round = 1; round <= 50; ++round) {
      threads.for_each(plain.size(), [&](std::size_t i) { plain[i] += i; });
      REQUIRE(std::accumulate(plain.begin(), plain.end(), std::size_t{0}) == round * 499 * 500 / 2);
    }
  });
}

TEST_CASE("A copy of a team is the same team", "[parallel]") {
  std::unique_ptr<Threads> first = std::make_unique<Threads>(3);
  const Threads second = *first;
  first.reset();
  std::atomic<int> sum{0};
  second.for_each(10, [&](std::size_t i) { sum += static_cast<int>(i); });
  CHECK(second.count() == 3);
  CHECK(sum == 45);
}

TEST_CASE("The first exception comes out and the team goes on working", "[parallel]") {
  for (const unsigned count : team_sizes()) {
    const Threads threads(count);
    for (const std::size_t n : {1u, 2u, 100u}) {
      for (const bool all : {false, true}) {
        std::string message;
        try {
          threads.for_each(n, [&](std::size_t i) {
            if (all || i == n / 2) throw std::runtime_error("item");
          });
        } catch (const std::runtime_error& error) {
          message = error.what();
        }
        CHECK(message == "item");
        std::atomic<std::size_t> done{0};
        threads.for_each(n, [&](std::size_t) { ++done; });
        CHECK(done == n);
      }
    }
    CHECK_THROWS_AS(threads.enter([] { throw std::logic_error("body"); }), std::logic_error);
  }
}

TEST_CASE("Loops within loops", "[parallel]") {
  for (const unsigned count : team_sizes()) {
    const Threads threads(count);
    std::vector<std::atomic<int>> runs(6 * 50);
    threads.for_each(
        6, [&](std::size_t outer) { threads.for_each(50, [&](std::size_t inner) { ++runs[outer * 50 + inner]; }); });
    for (const auto& times : runs) REQUIRE(times == 1);
    std::string message;
    try {
      threads.for_each(
          3, [&](std::size_t) { threads.for_each(3, [](std::size_t) { throw std::runtime_error("deep"); }); });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "deep");
  }
}

TEST_CASE("Two callers may use one team at a time each", "[parallel]") {
  const Threads threads(3);
  std::vector<std::atomic<int>> runs(200);
  const auto use = [&](std::size_t first) {
    for (int round = 0; round < 20; ++round) threads.for_each(100, [&](std::size_t i) { ++runs[first + i]; });
  };
  std::thread other([&] { use(100); });
  use(0);
  other.join();
  for (const auto& times : runs) REQUIRE(times == 20);
}

#if defined(__SSE2__)
TEST_CASE("Items compute in the standard floating-point environment", "[parallel]") {
  // Kept from the optimiser, so that the arithmetic happens where it is written.
  volatile double tiny = std::numeric_limits<double>::min(), one = 1.0, third = 3.0, small = 0x1p-60;
  volatile float tiny_single = std::numeric_limits<float>::denorm_min();
  const double nearest_third = 1.0 / 3.0;
  const auto standard = [&] {
    const double half = tiny / 2;             // flush-to-zero would make it 0
    const float single = tiny_single * 1.0f;  // denormals-are-zero would make it 0
    const bool rounding = one + small == 1.0 && -(one + small) == -1.0 && one / third == nearest_third;
    return half > 0 && half * 2 == tiny && single > 0 && rounding && (_mm_getcsr() & ~0x3fu) == 0x1f80;
  };
  const unsigned before = _mm_getcsr();
  REQUIRE(standard());
  constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040, upwards = 0x4000, downwards = 0x2000;
  for (const unsigned change : {flush_to_zero | denormals_are_zero, upwards, downwards | flush_to_zero}) {
    for (const unsigned count : team_sizes()) {
      const Threads threads(count);
      for (const std::size_t n : {1u, 2u, 64u}) {
        std::atomic<std::size_t> right{0};
        unsigned after = 0;
        bool changed = false;
        _mm_setcsr(before | change);
        changed = !standard();
        threads.enter([&] { threads.for_each(n, [&](std::size_t) { right += standard(); }); });
        after = _mm_getcsr();
        _mm_setcsr(before);
        CAPTURE(change, count, n);
        REQUIRE(changed);
        REQUIRE(right == n);
        // The caller gets his own back.
        REQUIRE((after & ~0x3fu) == ((before | change) & ~0x3fu));
      }
    }
  }
}
#endif

TEST_CASE("threads of a pinned team keep to one processor, and their caller gets its own back", "[parallel]") {
  const auto processors = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
    return set;
  };
  const cpu_set_t before = processors();
  for (const unsigned count : team_sizes()) {
    const Threads threads(count, true);
    std::atomic<int> runs = 0, astray = 0;
    threads.enter([&] {
      const auto caller = std::this_thread::get_id();
      for (int round = 0; round < 50; ++round)
        threads.for_each(64, [&](std::size_t) {
          ++runs;
          cpu_set_t set;
          CPU_ZERO(&set);
          sched_getaffinity(0, sizeof set, &set);
          if (std::this_thread::get_id() != caller) astray += CPU_COUNT(&set) != 1;
        });
    });
    CHECK(runs == 50 * 64);
    CHECK(astray == 0);
    const cpu_set_t after = processors();
    CHECK(CPU_EQUAL(&before, &after) != 0);
  }
}

}  // namespace test_parallel
