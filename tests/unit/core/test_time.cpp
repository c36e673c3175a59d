#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "core/time.hpp"

namespace test_time {

using namespace rheo;

TEST_CASE("the time of a tick is the nearest double of the decimal k * dt", "[time]") {
  CHECK(tick_to_ms(3, 0.1) == 0.3);
  CHECK(3 * 0.1 != 0.3);  // why this is a function
  CHECK(tick_to_ms(0, 0.1) == 0);
  CHECK(tick_to_ms(15, 0.1) == 1.5);
  CHECK(tick_to_ms(7, 0.01) == 0.07);
  CHECK(tick_to_ms(5, 0.4) == 2.0);
  CHECK(tick_to_ms(3, 0.7) == 2.1);
  CHECK(tick_to_ms(3, 2.5) == 7.5);
  CHECK(tick_to_ms(4, 1.0) == 4);
  CHECK(tick_to_ms(3, 0.125) == 0.375);
  CHECK(tick_to_ms(3, 1.0 / 3) == 1.0);
  CHECK(tick_to_ms(-3, 0.1) == -0.3);

  // Against the decimal text, which strtod rounds correctly.
  for (Tick k = 1; k < 200'000; k += 37) {
    const std::string tenths = std::to_string(k / 10) + "." + std::to_string(k % 10);
    REQUIRE(tick_to_ms(k, 0.1) == std::strtod(tenths.c_str(), nullptr));
    char hundredths[32];
    std::snprintf(hundredths, sizeof hundredths, "%lld.%02lld", static_cast<long long>(k / 100),
                  static_cast<long long>(k % 100));
    REQUIRE(tick_to_ms(k, 0.01) == std::strtod(hundredths, nullptr));
    const Tick seven = 7 * k;
    const std::string sevens = std::to_string(seven / 10) + "." + std::to_string(seven % 10);
    REQUIRE(tick_to_ms(k, 0.7) == std::strtod(sevens.c_str(), nullptr));
  }
}

TEST_CASE("times of ticks come back as the same ticks", "[time]") {
  for (const double dt : {0.1, 0.01, 0.025, 0.05, 0.125, 0.2, 0.25, 0.4, 0.5, 0.7, 1.0, 2.5, 1.0 / 3, 0.0001}) {
    for (Tick k : {Tick{0}, Tick{1}, Tick{2}, Tick{3}, Tick{7}, Tick{99}, Tick{12345}, Tick{36'000'000}}) {
      CAPTURE(dt, k);
      CHECK(ms_to_tick_nearest(tick_to_ms(k, dt), dt) == k);
      if (dt >= 0.01) CHECK(ms_to_tick_ceil(tick_to_ms(k, dt), dt) == k);
    }
  }
}

TEST_CASE("the nearest tick", "[time]") {
  CHECK(ms_to_tick_nearest(1.5, 0.1) == 15);
  CHECK(ms_to_tick_nearest(0.04, 0.1) == 0);
  CHECK(ms_to_tick_nearest(0.05, 0.1) == 1);
  CHECK(ms_to_tick_nearest(0.06, 0.1) == 1);
  CHECK(ms_to_tick_nearest(1e300, 0.1) == never);
  CHECK(ms_to_tick_nearest(-1e300, 0.1) == -never);
  CHECK(ms_to_tick_nearest(std::numeric_limits<double>::quiet_NaN(), 0.1) == never);
}

TEST_CASE("a spike off the grid belongs to the tick that ends at or after it", "[time]") {
  CHECK(ms_to_tick_ceil(0.0, 0.1) == 0);
  CHECK(ms_to_tick_ceil(0.3, 0.1) == 3);
  CHECK(ms_to_tick_ceil(3 * 0.1, 0.1) == 3);
  CHECK(ms_to_tick_ceil(0.3006, 0.1) == 4);
  CHECK(ms_to_tick_ceil(0.3000004, 0.1) == 3);  // rounds to 0.300 ms first
  CHECK(ms_to_tick_ceil(0.301, 0.1) == 4);
  CHECK(ms_to_tick_ceil(0.299, 0.1) == 3);
  CHECK(ms_to_tick_ceil(0.2001, 0.1) == 2);
  CHECK(ms_to_tick_ceil(10.0049, 0.01) == 1001);
  CHECK(ms_to_tick_ceil(-0.05, 0.1) == 0);
  CHECK(ms_to_tick_ceil(-0.1, 0.1) == -1);
  // dt that is no whole number of microseconds
  CHECK(ms_to_tick_ceil(1.0, 1.0 / 3) == 3);
  CHECK(ms_to_tick_ceil(1.1, 1.0 / 3) == 4);
  CHECK(ms_to_tick_ceil(0.0005, 0.0001) == 5);
  CHECK(ms_to_tick_ceil(1e300, 0.1) == never);
}

}  // namespace test_time
