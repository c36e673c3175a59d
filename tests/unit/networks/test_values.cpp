// Numbers per neuron and per synapse: what is drawn lies within its limits because it was drawn again, never clipped.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "networks/description/values.hpp"

namespace test_values {

namespace {

using rheo::BuildError;
using rheo::Choice;
using rheo::Complaint;
using rheo::Distribution;
using rheo::draw;
using rheo::draw_all;
using rheo::Integers;
using rheo::Lognormal;
using rheo::Normal;
using rheo::per_item;
using rheo::problem_of;
using rheo::random_key;
using rheo::RandomStream;
using rheo::Uniform;
using rheo::Value;

template <class F>
Complaint complaint_of(const F& f) {
  try {
    f();
  } catch (const BuildError& error) {
    return error.complaint();
  }
  FAIL("nothing was refused");
  return {};
}

struct Moments {
  double mean, variance, low, high;
};
Moments moments(const std::vector<double>& x) {
  double sum = 0, squares = 0;
  for (const double v : x) sum += v;
  const auto n = static_cast<double>(x.size());
  for (const double v : x) squares += (v - sum / n) * (v - sum / n);
  return {sum / n, squares / (n - 1), *std::min_element(x.begin(), x.end()), *std::max_element(x.begin(), x.end())};
}

std::vector<double> draws(const Distribution& d, int n) {
  RandomStream stream(random_key(1, "values", "test"), 0);
  std::vector<double> all;
  for (int i = 0; i < n; ++i) all.push_back(draw(d, stream));
  return all;
}

constexpr int many = 40000;

}  // namespace

TEST_CASE("Distributions have their moments", "[values]") {
  const double n = many;
  SECTION("integers") {
    std::array<double, 4> counts{};
    for (const double x : draws(Integers{-1, 2}, many)) {
      REQUIRE((x == -1 || x == 0 || x == 1 || x == 2));
      ++counts.at(static_cast<std::size_t>(x + 1));
    }
    for (const double count : counts) CHECK(std::abs(count - many / 4.0) < 4 * std::sqrt(many * 0.25 * 0.75));
    for (const double x : draws(Integers{3, 3}, 100)) CHECK(x == 3);
    CHECK_FALSE(problem_of(Integers{0.5, 2}).empty());
    CHECK_FALSE(problem_of(Integers{0, 4294967295.0}).empty());
    CHECK(rheo::mean_of(Integers{-1, 2}) == 0.5);
  }
  SECTION("uniform") {
    const auto m = moments(draws(Uniform{-3, 5}, many));
    CHECK(m.low >= -3);
    CHECK(m.high <= 5);
    CHECK(std::abs(m.mean - 1) < 4 * std::sqrt(64.0 / 12 / n));
    CHECK(m.variance == Approx(64.0 / 12).epsilon(0.03));
  }
  SECTION("normal") {
    const auto m = moments(draws(Normal{10, 2}, many));
    CHECK(std::abs(m.mean - 10) < 4 * 2 / std::sqrt(n));
    CHECK(std::abs(m.variance - 4) < 4 * 4 * std::sqrt(2 / n));
  }
  SECTION("lognormal: mu and sigma belong to the logarithm") {
    auto all = draws(Lognormal{0.5, 0.4}, many);
    CHECK(moments(all).low > 0);
    for (double& x : all) x = std::log(x);
    const auto m = moments(all);
    CHECK(std::abs(m.mean - 0.5) < 4 * 0.4 / std::sqrt(n));
    CHECK(std::abs(m.variance - 0.16) < 4 * 0.16 * std::sqrt(2 / n));
  }
  SECTION("choice: each equally likely, those named twice twice as likely") {
    const Distribution d = Choice{{1, 2, 2, 7}};
    std::map<double, double> count;
    for (const double x : draws(d, many)) ++count[x];
    REQUIRE(count.size() == 3);
    CHECK(std::abs(count[1] / n - 0.25) < 4 * std::sqrt(0.25 * 0.75 / n));
    CHECK(std::abs(count[2] / n - 0.5) < 4 * std::sqrt(0.5 * 0.5 / n));
    CHECK(std::abs(count[7] / n - 0.25) < 4 * std::sqrt(0.25 * 0.75 / n));
  }
  SECTION("exponential: the standard deviation is the mean") {
    const auto all = draws(rheo::Exponential{3}, many);
    const auto m = moments(all);
    CHECK(m.low > 0);
    CHECK(std::abs(m.mean - 3) < 4 * 3 / std::sqrt(n));
    CHECK(std::abs(m.variance - 9) < 4 * 9 * std::sqrt(8 / n));
    RandomStream stream(random_key(1, "values", "test"), 0);
    for (int i = 0; i < 100; ++i) REQUIRE(all[static_cast<std::size_t>(i)] == 3 * stream.exponential());
  }
  SECTION("beta: mean a / (a + b), and the share below any x") {
    const rheo::Beta d{2, 3, 0.5};
    const auto all = draws(d, many);
    const auto m = moments(all);
    CHECK(m.low > 0);
    CHECK(m.high < 0.5);
    const double variance = 0.25 * 6.0 / (25 * 6);
    CHECK(std::abs(m.mean - 0.2) < 4 * std::sqrt(variance / n));
    CHECK(m.variance == Approx(variance).epsilon(0.03));
    CHECK(d.expected() == Approx(0.2));
    for (const double x : {0.05, 0.2, 0.4}) {
      // I_u(2, 3) = 6 u^2 - 8 u^3 + 3 u^4
      const double u = 2 * x, share = 6 * u * u - 8 * u * u * u + 3 * u * u * u * u;
      CHECK(d.share_below(x) == Approx(share));
      const double below = static_cast<double>(std::count_if(all.begin(), all.end(), [&](double y) { return y < x; }));
      CHECK(std::abs(below / n - share) < 4 * std::sqrt(share * (1 - share) / n));
    }
    CHECK_FALSE(problem_of(rheo::Beta{1.5, 2, 1}).empty());
  }
  SECTION("a spread of zero is a constant") {
    for (const double x : draws(Normal{3, 0}, 100)) CHECK(x == 3);
    for (const double x : draws(Uniform{3, 3}, 100)) CHECK(x == 3);
  }
}

TEST_CASE("What lies outside min and max is drawn again", "[values]") {
  Distribution d = Normal{0, 1};
  SECTION("both limits") {
    d.min = -0.5;
    d.max = 1.0;
    const auto all = draws(d, many);
    const auto m = moments(all);
    CHECK(m.low >= -0.5);
    CHECK(m.high <= 1.0);
    // Clipping would pile up values on the limits.
    CHECK(std::count(all.begin(), all.end(), -0.5) + std::count(all.begin(), all.end(), 1.0) <= 1);
    // Mean of the normal distribution truncated to [-0.5, 1]: (phi(-0.5) - phi(1)) / (Phi(1) - Phi(-0.5)).
    const double mass = 0.8413447460685429 - 0.3085375387259869;
    const double mean = (0.3520653267642995 - 0.2419707245191434) / mass;
    const double variance = 1 + (-0.5 * 0.3520653267642995 - 1.0 * 0.2419707245191434) / mass - mean * mean;
    CHECK(std::abs(m.mean - mean) < 4 * std::sqrt(variance / many));
    CHECK(m.variance == Approx(variance).epsilon(0.03));
  }
  SECTION("one limit") {
    d.min = 1.5;
    CHECK(moments(draws(d, 2000)).low >= 1.5);
    d.min.reset();
    d.max = -1.5;
    CHECK(moments(draws(d, 2000)).high <= -1.5);
  }
  SECTION("every kind") {
    for (Distribution other : std::vector<Distribution>{Uniform{0, 1}, Lognormal{0, 1}, Choice{{0.1, 0.5, 0.9}}}) {
      other.min = 0.4;
      other.max = 0.8;
      const auto m = moments(draws(other, 2000));
      CHECK(m.low >= 0.4);
      CHECK(m.high <= 0.8);
    }
  }
  SECTION("the draws that are taken are those of the stream that lie inside, in their order") {
    d.min = 0;
    RandomStream stream(random_key(1, "values", "test"), 0);
    for (const double x : draws(d, 200)) {
      double y = stream.normal(0, 1);
      while (y < 0) y = stream.normal(0, 1);
      REQUIRE(x == y);
    }
  }
}

TEST_CASE("Limits that cannot be met are refused, not waited for", "[values]") {
  Distribution d = Normal{0, 1};
  d.min = 50;
  const Complaint c = complaint_of([&] { draws(d, 1); });
  CHECK(c.key.empty());
  CHECK(c.problem == "1000 draws in a row lie outside [min, max]");
  CHECK(c.expected == "limits that the distribution can meet");
}

TEST_CASE("What is wrong with a distribution is said before it draws", "[values]") {
  constexpr double infinity = std::numeric_limits<double>::infinity(), none = std::numeric_limits<double>::quiet_NaN();
  CHECK(problem_of(Uniform{0, 1}).empty());
  CHECK(problem_of(Uniform{1, 1}).empty());
  CHECK(problem_of(Normal{-5, 0}).empty());
  CHECK(problem_of(Lognormal{-5, 2}).empty());
  CHECK(problem_of(Uniform{2, 1}) == "low is larger than high");
  CHECK(problem_of(Normal{0, -1}) == "sd = -1 is not a number >= 0");
  CHECK(problem_of(Lognormal{0, -1}) == "sigma = -1 is not a number >= 0");
  CHECK(problem_of(Choice{}) == "nothing to choose from");
  for (const double bad : {infinity, -infinity, none}) {
    CHECK_THAT(problem_of(Uniform{bad, 1}), Catch::StartsWith(fmt::format("low = {} is not a number", bad)));
    CHECK_THAT(problem_of(Normal{0, bad}), Catch::StartsWith(fmt::format("sd = {} is not a number", bad)));
    CHECK_THAT(problem_of(Choice{{1, bad}}), Catch::StartsWith(fmt::format("choices = {} is not a number", bad)));
  }
  Distribution limits = Normal{0, 1};
  limits.min = 1;
  limits.max = 1;
  CHECK(problem_of(limits) == "min and max leave nothing to draw");
  limits.max = 0.5;
  CHECK(problem_of(limits) == "min is larger than max");
  CHECK(problem_of(Distribution(Normal{0, 1}, 9)) == "nothing that it can draw lies within min and max");
  CHECK(problem_of(Distribution(Normal{3, 0}, 3, 3)).empty());
  CHECK(problem_of(Distribution(Integers{0, 5}, 3, 3)).empty());
}

TEST_CASE("A value for many items", "[values]") {
  const auto key = random_key(4, "E", "params.V_th");
  SECTION("a constant stays one number") {
    CHECK(per_item(Value(2.5), 1000, key) == std::vector<double>{2.5});
  }
  SECTION("a list is taken as it is") {
    CHECK(per_item(Value(std::vector<double>{1, 2, 3}), 3, key) == std::vector<double>{1, 2, 3});
  }
  SECTION("a list of another size is refused") {
    const Complaint c = complaint_of([&] { per_item(Value(std::vector<double>{1, 2, 3}), 4, key); });
    CHECK(c.key.empty());
    CHECK(c.value == "a list of 3");
    CHECK(c.problem == "has 3 entries");
    CHECK(c.expected == "4 entries, one per neuron");
  }
  SECTION("what is out of range is refused, whether listed or drawn") {
    const rheo::Range allowed{0, 10};
    const Complaint listed = complaint_of([&] {
      per_item(Value(std::vector<double>{1, 2, std::nan("")}), 3, key, allowed);
    });
    CHECK(listed.key == "[2]");
    CHECK(listed.value == "nan");
    CHECK(listed.problem == "is out of range");
    CHECK(listed.expected == "a number from 0 to 10");
    const Complaint sure = complaint_of([&] { per_item(Value(Uniform{11, 12}), 3, key, allowed); });
    CHECK(sure.key == "uniform");
    CHECK(sure.value == "[11, 12]");
    CHECK(sure.problem == "11 can be drawn, which is out of range");
    const Complaint drawn = complaint_of([&] { per_item(Value(Normal{12, 0.01}), 3, key, allowed); });
    CHECK(drawn.problem == "drawn for neuron 0, out of range");
  }
  SECTION("no draw lies beyond the reach of its distribution") {
    Distribution cut = Normal{3, 2};
    cut.min = 2;
    cut.max = 4;
    for (const Distribution& d :
         std::vector<Distribution>{Uniform{-1, 4}, Normal{3, 2}, cut, Lognormal{1, 2}, Choice{{3, 1, 2}}}) {
      const rheo::Range possible = rheo::reach(d);
      for (const double x : per_item(Value(d), 1000, key)) REQUIRE(rheo::holds(possible, x));
    }
    CHECK(rheo::reach(cut).low == 2);
    CHECK(rheo::reach(cut).high == 4);
    CHECK(rheo::reach(Lognormal{0, 200}).high == std::numeric_limits<double>::infinity());
  }
  SECTION("item i is the first draw of its own stream, however many items there are") {
    Distribution d = Normal{-55, 2};
    d.min = -56;
    const auto values = per_item(Value(d), 500, key);
    REQUIRE(values.size() == 500);
    for (std::uint32_t i = 0; i < 500; ++i) {
      RandomStream stream(key, i);
      REQUIRE(values[i] == draw(d, stream));
    }
    const auto fewer = per_item(Value(d), 100, key);
    CHECK(std::equal(fewer.begin(), fewer.end(), values.begin()));
    CHECK(per_item(Value(d), 100, random_key(5, "E", "params.V_th")) != fewer);
    CHECK(per_item(Value(d), 100, random_key(4, "F", "params.V_th")) != fewer);
    CHECK(per_item(Value(d), 100, random_key(4, "E", "params.E_L")) != fewer);
  }
}

TEST_CASE("Many draws from one stream are the single ones, whatever lies outside the limits", "[values]") {
  const auto key = random_key(4, "P", "weight");
  std::vector<Distribution> all{Normal{3, 2}, Normal{3, 2}, Normal{3, 2}, Uniform{1, 4}, Lognormal{0.1, 1}};
  all[1].min = 2.5;
  all[2].min = 4;
  all[2].max = 4.05;  // one draw of a hundred
  all[4].max = 2;
  for (std::size_t d = 0; d < all.size(); ++d)
    for (const std::size_t n : {0u, 1u, 300u}) {
      RandomStream stream(key, 17);
      std::vector<double> expected(n), found(n);
      for (double& x : expected) x = draw(all[d], stream);
      draw_all(all[d], key, 17, found);
      INFO("distribution " << d);
      CHECK(found == expected);
    }
  Distribution never = Normal{0, 1};
  never.min = 7.5;
  std::vector<double> one(1);
  CHECK(complaint_of([&] { draw_all(never, key, 0, one); }).problem == "1000 draws in a row lie outside [min, max]");
}

}  // namespace test_values
