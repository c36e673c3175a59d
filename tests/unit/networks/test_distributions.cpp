// What every distribution promises, in a loop over their list: nobody who adds one has to think of it here.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "networks/description/kind.hpp"
#include "networks/description/values.hpp"
#include "tests/files.hpp"

namespace test_distributions {

namespace {

using rheo::AnyDistribution;
using rheo::Distribution;
using rheo::KindField;
using rheo::random_key;

// Each with its defaults, and each with another last number.
std::vector<AnyDistribution> examples() {
  std::vector<AnyDistribution> all;
  for (AnyDistribution kind : rheo::distributions()) {
    double* last = nullptr;
    for (const KindField& field : fields_of(kind)) {
      if (auto* const number = std::get_if<double*>(&field.member)) last = *number;
      if (auto* const list = std::get_if<std::vector<double>*>(&field.member)) **list = {1, 3, 5, 7};
    }
    all.push_back(kind);
    if (last == nullptr) continue;
    *last /= 2;
    if (!problem_of(Distribution{kind}).empty()) *last *= 4;
    all.push_back(kind);
  }
  return all;
}

std::vector<double> draws(const Distribution& d, std::size_t n) {
  std::vector<double> all(n);
  draw_all(d, random_key(3, "distributions", "test"), 5, all);
  return all;
}

constexpr std::size_t many = 40000;

}  // namespace

TEST_CASE("the manual lists every distribution", "[values]") {
  const std::string page = bytes_of(RHEO_SOURCE_DIR "/docs/experiment.md");
  for (const AnyDistribution& kind : rheo::distributions()) {
    const std::string summary = std::visit([](const auto& one) { return std::string(one.summary); }, kind);
    const std::string line =
        fmt::format("| `{{ {} = {} }}` | drawn: {} |\n", name_of(kind), numbers_text(kind), summary);
    if (page.find(line) == std::string::npos) FAIL_CHECK("docs/experiment.md lacks this:\n" << line);
  }
}

TEST_CASE("every distribution draws what it says of itself", "[values]") {
  for (const AnyDistribution& kind : examples()) {
    CAPTURE(name_of(kind));
    const Distribution d{kind};
    CHECK(problem_of(d).empty());
    const rheo::Range range = reach(d);
    double sum = 0, squares = 0;
    std::vector<double> all = draws(d, many);
    for (const double x : all) {
      REQUIRE(holds(range, x));
      sum += x;
      squares += x * x;
    }
    const double mean = sum / many, variance = squares / many - mean * mean;
    CHECK(std::abs(mean - mean_of(d)) < 5 * std::sqrt(variance / many));
    std::sort(all.begin(), all.end());
    const auto distinct = static_cast<double>(std::unique(all.begin(), all.end()) - all.begin());
    CHECK(distinct == std::min(rheo::distinct(d), static_cast<double>(many)));
    for (const double share : {0.2, 0.5, 0.9}) {
      const std::vector<double> again = draws(d, many);
      const double x = all[static_cast<std::size_t>(share * (distinct - 1))];
      const auto below =
          static_cast<double>(std::count_if(again.begin(), again.end(), [x](double y) { return y <= x; }));
      CHECK(std::abs(below / many - share_below(d, x)) < 5 * std::sqrt(0.25 / many));
    }
    // Where its tails end, few draws lie outside of what so many deviations of a normal distribution hold.
    const rheo::Range usual = reach(d, 2);
    const auto outside = std::count_if(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(distinct),
                                       [&](double x) { return !holds(usual, x); });
    CHECK(static_cast<double>(outside) < 0.06 * many);
  }
}

TEST_CASE("many draws of every distribution are its single ones", "[values]") {
  const auto key = random_key(4, "P", "weight");
  for (const AnyDistribution& kind : examples())
    for (const std::size_t n : {0u, 1u, 300u}) {
      CAPTURE(name_of(kind), n);
      Distribution d{kind};
      d.min = rheo::mean_of(d) - 0.1;
      rheo::RandomStream stream(key, 17);
      std::vector<double> expected(n), found(n);
      for (double& x : expected) x = draw(d, stream);
      draw_all(d, key, 17, found);
      CHECK(found == expected);
    }
}

TEST_CASE("every number of every distribution is checked", "[values]") {
  for (const AnyDistribution& kind : rheo::distributions()) {
    AnyDistribution copy = kind;
    for (const KindField& field : fields_of(copy))
      for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
        copy = kind;
        if (auto* const number = std::get_if<double*>(&field.member)) **number = bad;
        if (auto* const list = std::get_if<std::vector<double>*>(&field.member)) **list = {1, bad};
        CAPTURE(name_of(kind), field.name, bad);
        CHECK_THAT(problem_of(Distribution{copy}), Catch::StartsWith(field.name + " = "));
      }
  }
}

}  // namespace test_distributions
