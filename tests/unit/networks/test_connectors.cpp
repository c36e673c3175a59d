// Who is connected to whom: exact numbers where they are promised, the right distribution where chance decides.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "networks/connect/connector.hpp"
#include "networks/connect/rules.hpp"

namespace test_connectors {

namespace {

using rheo::AllToAll;
using rheo::Bernoulli;
using rheo::BuildError;
using rheo::Complaint;
using rheo::Connect;
using rheo::Connector;
using rheo::ConnectorEnds;
using rheo::EdgeList;
using rheo::FixedIndegree;
using rheo::List;
using rheo::make_connector;
using rheo::OneToOne;
using rheo::random_key;
using rheo::RandomKey;
using Sources = std::vector<std::uint32_t>;

const RandomKey key = random_key(1, "projection", "connect");

Connect fixed_indegree(std::uint32_t indegree, bool multapses = true, bool autapses = true) {
  return FixedIndegree{.indegree = double{1} * indegree, .multapses = multapses, .autapses = autapses};
}
Connect bernoulli(double p, bool autapses = true) {
  return Bernoulli{.p = p, .autapses = autapses};
}
Connect listed(Sources source, Sources target) {
  return List{std::make_shared<const EdgeList>(EdgeList{std::move(source), std::move(target)})};
}
// Source i and target i are the same neuron.
ConnectorEnds among(std::uint32_t sources, std::uint32_t targets) {
  return {.sources = sources, .targets = targets, .self = [](std::uint32_t target) { return target; }};
}

Sources incoming(const Connector& connector, std::uint32_t target, std::uint32_t self = Connector::nobody) {
  Sources sources, edges;
  connector.incoming(target, self, sources, edges);
  return sources;
}

Complaint refusal(const Connect& connect, const rheo::ConnectorEnds& ends) {
  try {
    make_connector(connect, ends, key);
  } catch (const BuildError& error) {
    return error.complaint();
  }
  FAIL("nothing was refused");
  return {};
}

bool has_duplicates(Sources sources) {
  std::sort(sources.begin(), sources.end());
  return std::adjacent_find(sources.begin(), sources.end()) != sources.end();
}

// Chi-square as a standard normal deviate (Wilson and Hilferty); above 3.72 with probability 1e-4.
double chi_square_deviate(double chi_square, double degrees) {
  return (std::cbrt(chi_square / degrees) - (1.0 - 2.0 / (9.0 * degrees))) / std::sqrt(2.0 / (9.0 * degrees));
}

// How uneven the counts are, as a standard normal deviate. per_target: draws without replacement of so many out of all
// (1: with replacement), which are more even than independent ones.
double unevenness(const std::vector<std::uint32_t>& counts, std::uint32_t per_target = 1) {
  const auto sources = static_cast<double>(counts.size());
  const double mean = std::accumulate(counts.begin(), counts.end(), 0.0) / sources;
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - mean) * (count - mean) / mean;
  chi_square *= (sources - 1) / (sources - per_target);
  return chi_square_deviate(chi_square, sources - 1);
}

// The four ways in which fixed_indegree draws: with multapses, looked through, with a bit per source, shuffled.
struct Regime {
  std::uint32_t sources, indegree;
  bool multapses;
};
const Regime regimes[] = {{200, 20, true}, {200, 20, false}, {400, 100, false}, {200, 150, false}};

}  // namespace

TEST_CASE("Fixed in-degree is met exactly", "[connectors]") {
  for (const bool multapses : {true, false}) {
    for (const bool autapses : {true, false}) {
      // Around the borders of the ways to draw: 64 sources, half of all, all of them.
      for (const std::uint32_t indegree : {0u, 1u, 10u, 63u, 64u, 65u, 499u, 500u, 501u, 998u, 999u}) {
        const auto connector = make_connector(fixed_indegree(indegree, multapses, autapses), {1000, 50}, key);
        CHECK(connector->expected_synapses() == indegree * 50.0);
        for (std::uint32_t target = 0; target < 50; ++target) {
          const Sources sources = incoming(*connector, target, 20 * target);
          CAPTURE(multapses, autapses, indegree, target);
          REQUIRE(sources.size() == indegree);
          REQUIRE(std::all_of(sources.begin(), sources.end(), [](std::uint32_t s) { return s < 1000; }));
          if (!multapses) REQUIRE_FALSE(has_duplicates(sources));
          if (!autapses) REQUIRE(std::count(sources.begin(), sources.end(), 20 * target) == 0);
        }
      }
    }
  }
  SECTION("all sources, each once") {
    Sources sources = incoming(*make_connector(fixed_indegree(300, false), {300, 1}, key), 0);
    std::sort(sources.begin(), sources.end());
    Sources all(300);
    std::iota(all.begin(), all.end(), 0u);
    CHECK(sources == all);
  }
  SECTION("multapses and autapses are the rule's default") {
    const auto connector = make_connector(FixedIndegree{.indegree = 50.0}, {10, 100}, key);
    int own = 0;
    for (std::uint32_t target = 0; target < 100; ++target) {
      const Sources sources = incoming(*connector, target, target % 10);
      CHECK(has_duplicates(sources));  // 50 out of 10
      own += static_cast<int>(std::count(sources.begin(), sources.end(), target % 10));
    }
    // 5000 draws, one in ten the target itself.
    CHECK(std::abs(own - 500) < 4 * std::sqrt(5000 * 0.1 * 0.9));
  }
}

TEST_CASE("Sources of a fixed in-degree are uniform", "[connectors]") {
  for (const Regime& r : regimes) {
    constexpr std::uint32_t targets = 3000;
    const auto connector = make_connector(fixed_indegree(r.indegree, r.multapses), {r.sources, targets}, key);
    std::vector<std::uint32_t> all(r.sources), first(r.sources), last(r.sources);
    double pairs = 0;
    for (std::uint32_t target = 0; target < targets; ++target) {
      const Sources sources = incoming(*connector, target);
      std::vector<int> times(r.sources);
      for (const std::uint32_t s : sources) {
        ++all[s];
        ++times[s];
      }
      ++first[sources.front()];
      ++last[sources.back()];
      for (std::uint32_t s = 0; s + 1 < r.sources; ++s) pairs += times[s] * times[s + 1];
    }
    CAPTURE(r.sources, r.indegree, r.multapses);
    CHECK(unevenness(all, r.multapses ? 1 : r.indegree) < 3.72);
    // The weights are drawn in this order, so a source must not prefer a place in it.
    CHECK(unevenness(first) < 3.72);
    CHECK(unevenness(last) < 3.72);
    // Neighbouring sources meet as often as any two.
    const double n = r.sources, k = r.indegree;
    const double expected = targets * (n - 1) * k * (k - 1) / (r.multapses ? n * n : n * (n - 1));
    CHECK(std::abs(pairs - expected) < 5 * std::sqrt(expected));
  }
}

TEST_CASE("Impossible in-degrees are refused", "[connectors]") {
  const Complaint c = refusal(fixed_indegree(11, false), {10, 5});
  CHECK(c.key == "connect.indegree");
  CHECK(c.value == "11");
  CHECK(c.problem == "there are only 10 sources");
  CHECK(c.expected == "at least 11 sources, or multapses = true");
  CHECK(refusal(fixed_indegree(10, false, false), among(10, 5)).expected == "at least 11 sources, or multapses = true");
  // Advice that would not help is not given.
  CHECK(refusal(fixed_indegree(1, true, false), among(1, 1)).expected == "at least 2 sources, or autapses = true");
  CHECK(refusal(fixed_indegree(1, false, false), among(1, 1)).expected == "at least 2 sources, or autapses = true");
  // With multapses, a target that is its own only source cannot be served without autapses.
  CHECK(refusal(fixed_indegree(1, true, false), among(1, 1)).problem == "there are only 1 sources");
  CHECK(make_connector(fixed_indegree(10, false), {10, 5}, key));
  CHECK(make_connector(fixed_indegree(9, false, false), among(10, 5), key));
  CHECK(make_connector(fixed_indegree(1000, true), {1, 5}, key));
  CHECK(make_connector(fixed_indegree(0, false, false), {1, 5}, key));
}

TEST_CASE("Bernoulli: degrees are binomial", "[connectors]") {
  for (const double p : {0.002, 0.1, 0.7}) {
    constexpr std::uint32_t sources = 500, targets = 4000;
    const auto connector = make_connector(bernoulli(p), {sources, targets}, key);
    CHECK(connector->expected_synapses() == Approx(p * sources * targets));
    std::vector<std::uint32_t> out(sources);
    double sum = 0, squares = 0, neighbours = 0;
    for (std::uint32_t target = 0; target < targets; ++target) {
      const Sources in = incoming(*connector, target);
      REQUIRE(std::is_sorted(in.begin(), in.end()));
      REQUIRE_FALSE(has_duplicates(in));
      for (std::size_t k = 0; k < in.size(); ++k) {
        ++out[in[k]];
        neighbours += k > 0 && in[k] == in[k - 1] + 1;
      }
      const auto degree = static_cast<double>(in.size());
      sum += degree;
      squares += (degree - p * sources) * (degree - p * sources);
    }
    CAPTURE(p);
    const double variance = sources * p * (1 - p), n = targets;
    CHECK(std::abs(sum / n - p * sources) < 4 * std::sqrt(variance / n));
    // The fourth central moment of the binomial distribution gives the variance of the squares.
    const double fourth = variance * (1 + 3 * (sources - 2) * p * (1 - p));
    CHECK(std::abs(squares / n - variance) < 4 * std::sqrt((fourth - variance * variance) / n));
    // Out-degrees likewise, the first and the last source included: in units of their own variance.
    double chi_square = 0;
    for (const double degree : out) chi_square += (degree - p * n) * (degree - p * n) / (n * p * (1 - p));
    CHECK(std::abs(chi_square_deviate(chi_square, sources)) < 3.89);
    // Pairs of neighbours are independent: each with probability p^2.
    const double pairs = p * p * (sources - 1) * n;
    CHECK(std::abs(neighbours - pairs) < 4 * std::sqrt(pairs * (1 + 2 * p)));
  }
}

TEST_CASE("Bernoulli: borders", "[connectors]") {
  Sources all(100);
  std::iota(all.begin(), all.end(), 0u);
  const auto none = make_connector(bernoulli(0), {100, 10}, key), full = make_connector(bernoulli(1), {100, 10}, key);
  const auto full_but_self = make_connector(bernoulli(1, false), {100, 10}, key);
  const auto half = make_connector(bernoulli(0.5), {100, 10}, key),
             half_but_self = make_connector(bernoulli(0.5, false), {100, 10}, key);
  for (std::uint32_t target = 0; target < 10; ++target) {
    CHECK(incoming(*none, target).empty());
    CHECK(incoming(*full, target, target) == all);
    Sources others = all;
    others.erase(others.begin() + target);
    CHECK(incoming(*full_but_self, target, target) == others);
    // Leaving oneself out moves nobody else's synapses.
    Sources expected = incoming(*half, target, target);
    expected.erase(std::remove(expected.begin(), expected.end(), target), expected.end());
    CHECK(incoming(*half_but_self, target, target) == expected);
  }
  // So improbable that no target has any; the gaps are longer than any number of sources.
  CHECK(incoming(*make_connector(bernoulli(1e-300), {4000000000u, 1}, key), 0).empty());
  for (const double p : {-0.1, 1.5, std::nan("")}) {
    const Complaint c = refusal(bernoulli(p), {10, 10});
    CHECK(c.key == "connect.p");
    CHECK(c.problem == "is out of range");
    CHECK(c.expected == "a number from 0 to 1");
  }
}

TEST_CASE("All to all", "[connectors]") {
  CHECK(make_connector(AllToAll{}, {4, 3}, key)->expected_synapses() == 12);
  CHECK(incoming(*make_connector(AllToAll{}, {4, 3}, key), 2, 2) == Sources{0, 1, 2, 3});
  const Connect others = AllToAll{.autapses = false};
  CHECK(incoming(*make_connector(others, {4, 3}, key), 2, 2) == Sources{0, 1, 3});
  CHECK(incoming(*make_connector(others, {4, 3}, key), 2, 0) == Sources{1, 2, 3});
  CHECK(incoming(*make_connector(others, {4, 3}, key), 2) == Sources{0, 1, 2, 3});
}

TEST_CASE("One to one", "[connectors]") {
  const auto connector = make_connector(OneToOne{}, {5, 5}, key);
  CHECK(connector->expected_synapses() == 5);
  for (std::uint32_t target = 0; target < 5; ++target) CHECK(incoming(*connector, target, target) == Sources{target});
  const auto others = make_connector(OneToOne{.autapses = false}, {5, 5}, key);
  CHECK(incoming(*others, 3, 3).empty());
  CHECK(incoming(*others, 3, 2) == Sources{3});
  const Complaint refused = refusal(OneToOne{}, {5, 6});
  CHECK(refused.key == "connect.rule");
  CHECK(refused.value == "one_to_one");
  CHECK(refused.problem == "5 sources but 6 targets");
  CHECK(refused.expected == "equal numbers");
}

TEST_CASE("List: as listed, by target, in the order of the list", "[connectors]") {
  const auto connector = make_connector(listed({7, 0, 3, 7, 7, 2}, {1, 0, 1, 1, 2, 1}), {8, 4}, key);
  CHECK(connector->expected_synapses() == 6);
  const auto check = [&](std::uint32_t target, const Sources& sources, const Sources& edges) {
    Sources found_sources{42}, found_edges{43};  // what is there stays
    connector->incoming(target, Connector::nobody, found_sources, found_edges);
    CHECK(Sources(found_sources.begin() + 1, found_sources.end()) == sources);
    CHECK(Sources(found_edges.begin() + 1, found_edges.end()) == edges);
  };
  check(0, {0}, {1});
  check(1, {7, 3, 7, 2}, {0, 2, 3, 5});
  check(2, {7}, {4});
  check(3, {}, {});

  Complaint c = refusal(listed({0, 1, 8}, {0, 0, 0}), {8, 4});
  CHECK(c.key == "connect.source[2]");
  CHECK(c.value == "8");
  CHECK(c.problem == "no such source");
  CHECK(c.expected == "0 to 8 - 1");
  c = refusal(listed({0, 1, 2}, {0, 4, 0}), {8, 4});
  CHECK(c.key == "connect.target[1]");
  CHECK(c.value == "4");
  CHECK(c.problem == "no such target");
  CHECK(c.expected == "0 to 4 - 1");
  CHECK(refusal(listed({0, 1}, {0}), {8, 4}).problem == "sources and targets differ in number");
  CHECK(refusal(List{}, {8, 4}).problem == "sources and targets differ in number");
}

TEST_CASE("In-degrees that differ: drawn for each target, or listed", "[connectors]") {
  const rheo::Distribution integers = rheo::Integers{3, 7};
  const rheo::Distribution normal{rheo::Normal{20, 4}, 0};
  const auto degrees = [](const Connect& connect, std::uint32_t targets) {
    const auto connector = make_connector(connect, {100, targets}, key);
    connector->prepare();
    CHECK(connector->prepared_bytes() == 4.0 * targets);
    std::vector<double> all;
    for (std::uint32_t target = 0; target < targets; ++target)
      all.push_back(static_cast<double>(incoming(*connector, target).size()));
    CHECK(std::abs(std::accumulate(all.begin(), all.end(), 0.0) - connector->expected_synapses()) <
          5 * std::sqrt(16.0 * targets));
    return all;
  };
  const std::vector<double> uniform = degrees(FixedIndegree{.indegree = integers}, 4000);
  std::vector<std::uint32_t> counts(8);
  for (const double degree : uniform) ++counts.at(static_cast<std::size_t>(degree));
  CHECK(std::accumulate(counts.begin(), counts.begin() + 3, 0u) == 0);
  CHECK(unevenness({counts.begin() + 3, counts.end()}) < 3.72);
  const std::vector<double> bell = degrees(FixedIndegree{.indegree = normal}, 4000);
  double squares = 0;
  for (const double degree : bell) squares += (degree - 20) * (degree - 20) / 4000;
  CHECK(squares == Approx(16 + 1.0 / 12).margin(4 * 16 * std::sqrt(2.0 / 4000)));  // rounding adds 1 / 12
  CHECK(degrees(FixedIndegree{.indegree = std::vector<double>{4, 0, 9}}, 3) == std::vector<double>{4, 0, 9});
  CHECK(refusal(FixedIndegree{.indegree = std::vector<double>{4, 0}}, {10, 3}).problem == "has 2 entries");
  CHECK(refusal(FixedIndegree{.indegree = 2.5}, {10, 3}).problem == "is not a whole number");
  CHECK(refusal(FixedIndegree{.indegree = std::vector<double>{4, 0.5, 1}}, {10, 3}).key == "connect.indegree[1]");
  const auto too_many = make_connector(FixedIndegree{.indegree = integers, .multapses = false}, {5, 50}, key);
  try {
    too_many->prepare();
    FAIL("nothing was refused");
  } catch (const BuildError& error) {
    CHECK(error.complaint().key == "connect.indegree");
    CHECK(error.complaint().problem == "there are only 5 sources");
  }
}

TEST_CASE("A target's sources depend on the seed, the projection and the target alone", "[connectors]") {
  std::vector<Connect> random_rules{bernoulli(0.3)};
  for (const Regime& r : regimes) random_rules.push_back(fixed_indegree(r.indegree * 100 / r.sources, r.multapses));
  for (const Connect& rule : random_rules) {
    const auto connector = make_connector(rule, {100, 40}, key);
    std::vector<Sources> forwards, backwards(40);
    for (std::uint32_t target = 0; target < 40; ++target) forwards.push_back(incoming(*connector, target));
    for (std::uint32_t target = 40; target-- > 0;) backwards[target] = incoming(*connector, target);
    CHECK(forwards == backwards);
    const auto more_targets = make_connector(rule, {100, 4000}, key);
    for (std::uint32_t target = 0; target < 40; ++target) CHECK(incoming(*more_targets, target) == forwards[target]);
    CHECK(std::set<Sources>(forwards.begin(), forwards.end()).size() == 40);
    const auto elsewhere = make_connector(rule, {100, 40}, random_key(1, "another", "connect"));
    const auto reseeded = make_connector(rule, {100, 40}, random_key(2, "projection", "connect"));
    CHECK(incoming(*elsewhere, 0) != forwards[0]);
    CHECK(incoming(*reseeded, 0) != forwards[0]);
    // What was there before is kept.
    Sources sources{1000}, edges;
    connector->incoming(0, Connector::nobody, sources, edges);
    CHECK(Sources(sources.begin() + 1, sources.end()) == forwards[0]);
    CHECK(edges.empty());
  }
}

}  // namespace test_connectors
