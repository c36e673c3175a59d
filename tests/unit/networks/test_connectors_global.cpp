// Rules that count over the whole projection: fixed_outdegree, fixed_total, scale_free.
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/plod_generator.hpp>
#include <boost/random/mersenne_twister.hpp>
#include <map>

#include "networks/network.hpp"
#include "tests/unit/networks/connector_tests.hpp"

namespace test_connectors_global {

namespace {

using namespace connectors;

Connect fixed_outdegree(std::uint32_t outdegree, bool multapses = true, bool autapses = true) {
  return FixedOutdegree{.outdegree = outdegree, .multapses = multapses, .autapses = autapses};
}

Connect fixed_total(std::uint64_t total, bool multapses = true, bool autapses = true) {
  return FixedTotal{.total = total, .multapses = multapses, .autapses = autapses};
}

Connect scale_free(double alpha, double beta) {
  return ScaleFree{.alpha = alpha, .beta = beta};
}

}  // namespace

TEST_CASE("Fixed out-degree is met exactly", "[connectors]") {
  for (const bool multapses : {true, false})
    for (const bool may_be_own : {true, false})
      for (const std::uint32_t outdegree : {0u, 1u, 30u, 60u, 119u}) {
        CAPTURE(multapses, may_be_own, outdegree);
        const auto all = all_incoming(fixed_outdegree(outdegree, multapses, may_be_own), recurrent(120));
        for (const std::uint32_t degree : outdegrees(all, 120)) REQUIRE(degree == outdegree);
        for (const Sources& in : all) {
          REQUIRE(std::is_sorted(in.begin(), in.end()));
          if (!multapses) REQUIRE_FALSE(has_duplicates(in));
        }
        if (!may_be_own) CHECK(autapses(all) == 0);
      }
  // Both are allowed by default.
  const auto all = all_incoming(FixedOutdegree{.outdegree = 50}, recurrent(100));
  CHECK(std::any_of(all.begin(), all.end(), has_duplicates));
  CHECK(std::abs(static_cast<double>(autapses(all)) - 50) < 4 * std::sqrt(50));
  // An autapse is a neuron's synapse onto itself, whatever its places among sources and targets.
  ConnectorEnds shifted = recurrent(10);
  shifted.self = [](std::uint32_t target) { return target < 9 ? target + 1 : Connector::nobody; };
  const auto others = all_incoming(fixed_outdegree(9, false, false), shifted);
  for (std::uint32_t t = 0; t < 9; ++t) CHECK(std::count(others[t].begin(), others[t].end(), t + 1) == 0);
  CHECK(rheo::make_connector(fixed_outdegree(7), {.sources = 6, .targets = 3}, key())->expected_synapses() == 42);
}

TEST_CASE("Targets of a fixed out-degree are uniform", "[connectors]") {
  for (const bool multapses : {true, false}) {
    const auto all = all_incoming(fixed_outdegree(20, multapses), {.sources = 5000, .targets = 200});
    // Without multapses degrees vary less: a target is drawn or not.
    CHECK(std::abs(unevenness(indegrees(all), multapses ? 1 : 1 - 19.0 / 199)) < 3.9);
  }
}

TEST_CASE("Impossible out-degrees are refused", "[connectors]") {
  const rheo::Complaint c = refusal(fixed_outdegree(11, false), {.sources = 3, .targets = 10});
  CHECK(c.key == "connect.outdegree");
  CHECK(c.value == "11");
  CHECK(c.problem == "there are only 10 targets");
  CHECK(c.expected == "at least 11 targets, or multapses = true");
  CHECK(refusal(fixed_outdegree(10, false, false), recurrent(10)).problem == "there are only 10 targets");
  CHECK(refusal(fixed_outdegree(1, true, false), recurrent(1)).problem == "there are only 1 targets");
}

TEST_CASE("Fixed total is met exactly", "[connectors]") {
  for (const bool multapses : {true, false})
    for (const bool may_be_own : {true, false})
      for (const std::uint64_t total : {0u, 1u, 700u, 1560u}) {
        CAPTURE(multapses, may_be_own, total);
        const auto all = all_incoming(fixed_total(total, multapses, may_be_own), recurrent(40));
        CHECK(sum(indegrees(all)) == total);
        if (!multapses)
          for (const Sources& in : all) REQUIRE_FALSE(has_duplicates(in));
        if (!may_be_own) CHECK(autapses(all) == 0);
      }
  // Every pair once.
  for (const Sources& in : all_incoming(fixed_total(12, false), {.sources = 4, .targets = 3})) CHECK(in.size() == 4);
  const rheo::Complaint c = refusal(fixed_total(13, false), {.sources = 4, .targets = 3});
  CHECK(c.key == "connect.total");
  CHECK(c.value == "13");
  CHECK(c.problem == "there are only 12 pairs");
  CHECK(c.expected == "at most 12, or multapses = true");
  CHECK(refusal(fixed_total(7, false, false), recurrent(3)).expected == "at most 6, or multapses = true");
  CHECK(refusal(fixed_total(1, true, false), recurrent(1)).expected == "at least one pair, or autapses = true");
}

TEST_CASE("The pairs of a fixed total are uniform", "[connectors]") {
  for (const bool multapses : {true, false}) {
    // 1200 of 12 x 8 pairs many times over; each pair is one cell.
    std::vector<std::uint32_t> pairs(12 * 8), first(8);
    constexpr std::uint32_t total = 40, repeats = 3000;
    for (std::uint32_t seed = 0; seed < repeats; ++seed) {
      const auto all = all_incoming(fixed_total(total, multapses), {.sources = 12, .targets = 8}, key(seed));
      for (std::uint32_t t = 0; t < 8; ++t)
        for (const std::uint32_t s : all[t]) ++pairs[t * 12 + s];
    }
    CAPTURE(multapses);
    CHECK(std::abs(unevenness(pairs, multapses ? 1 : 1 - (total - 1.0) / (12 * 8 - 1))) < 3.9);
    // The share of one target: binomial, or hypergeometric, in mean and variance.
    double mean = 0, square = 0;
    for (std::uint32_t seed = 0; seed < repeats; ++seed) {
      const auto all = all_incoming(fixed_total(total, multapses), {.sources = 12, .targets = 8}, key(seed));
      const double share = static_cast<double>(all[5].size());
      mean += share / repeats;
      square += (share - 5) * (share - 5) / repeats;
    }
    const double variance = 5 * (1 - 1.0 / 8) * (multapses ? 1 : (96.0 - total) / 95);
    CHECK(std::abs(mean - 5) < 4 * std::sqrt(variance / repeats));
    CHECK(std::abs(square / variance - 1) < 4 * std::sqrt(2.0 / repeats));
  }
}

TEST_CASE("Hypergeometric numbers follow their distribution", "[random]") {
  struct Case {
    std::uint64_t marked, others, draws;
  };
  for (const Case& c : {Case{5, 7, 4}, Case{30, 20, 25}, Case{200, 800, 300}, Case{3, 1000, 900}, Case{50, 2, 40}}) {
    CAPTURE(c.marked, c.others, c.draws);
    // P(k) by multiplying the steps of drawing one after the other, in another way than the sampler.
    std::vector<double> p{1};
    for (std::uint64_t drawn = 0; drawn < c.draws; ++drawn) {
      std::vector<double> next(p.size() + 1);
      for (std::uint64_t k = 0; k < p.size(); ++k) {
        const double marked_left = std::max(0.0, static_cast<double>(c.marked) - static_cast<double>(k));
        const double left = static_cast<double>(c.marked + c.others - drawn);
        next[k + 1] += p[k] * marked_left / left;
        next[k] += p[k] * (1 - marked_left / left);
      }
      p = next;
    }
    constexpr int n = 20'000;
    std::map<std::uint64_t, int> counts;
    for (int i = 0; i < n; ++i) {
      rheo::RandomStream stream(key(), static_cast<std::uint32_t>(i));
      ++counts[stream.hypergeometric(c.marked, c.others, c.draws)];
    }
    double chi_square = 0, rest_expected = 0, rest = 0;
    int cells = 0;
    for (std::uint64_t k = 0; k < p.size(); ++k) {
      const double expected = p[k] * n;
      if (expected < 8) {
        rest_expected += expected;
        rest += counts[k];
        continue;
      }
      chi_square += (counts[k] - expected) * (counts[k] - expected) / expected;
      ++cells;
    }
    if (rest_expected > 4) chi_square += (rest - rest_expected) * (rest - rest_expected) / rest_expected, ++cells;
    CHECK(chi_square_deviate(chi_square, cells - 1) < 3.9);
  }
  rheo::RandomStream stream(key(), 0);
  CHECK(stream.hypergeometric(0, 10, 5) == 0);
  CHECK(stream.hypergeometric(10, 0, 5) == 5);
  CHECK(stream.hypergeometric(10, 20, 30) == 10);
  CHECK(stream.hypergeometric(10, 20, 0) == 0);
  // Half of 10^15: the standard deviation is 1.6e7 / 2.
  const double huge = static_cast<double>(stream.hypergeometric(1ull << 40, 1ull << 40, 1ull << 40));
  CHECK(std::abs(huge - 0x1p39) < 6 * std::sqrt(0x1p40 / 8));
}

TEST_CASE("Scale-free out-degrees follow their power law", "[connectors]") {
  constexpr std::uint32_t n = 20'000;
  constexpr double alpha = 0.6, beta = 400;
  const auto all = all_incoming(scale_free(alpha, beta), recurrent(n));
  CHECK(autapses(all) == 0);  // by default
  const auto degrees = outdegrees(all, n);
  // Against the definition, each degree of its own as long as it is frequent.
  std::map<std::uint32_t, double> expected;
  for (std::uint32_t x = 1; x < n; ++x)
    expected[static_cast<std::uint32_t>(beta * std::pow(x, -alpha))] += n / (n - 1.0);
  std::map<std::uint32_t, double> found;
  for (const std::uint32_t d : degrees) ++found[d];
  double chi_square = 0, rest = 0;
  int cells = 0;
  for (const auto& [degree, count] : expected) {
    if (count >= 10) {
      chi_square += (found[degree] - count) * (found[degree] - count) / count;
      ++cells;
    } else {
      rest += found[degree] - count;
    }
  }
  CHECK(cells > 5);
  CHECK(std::abs(rest) < 4 * std::sqrt(1000));
  CHECK(chi_square_deviate(chi_square, cells) < 3.9);
  CHECK(std::abs(static_cast<double>(sum(degrees)) /
                     rheo::make_connector(scale_free(alpha, beta), recurrent(n), key())->expected_synapses() -
                 1) < 0.1);
  // Targets are uniform.
  CHECK(std::abs(unevenness(indegrees(all))) < 3.9);

  // The exponent of the distribution, 1 + 1 / alpha, by maximum likelihood over the tail (Clauset, Shalizi & Newman
  // 2009).
  double logs = 0, tail = 0;
  for (const std::uint32_t d : degrees)
    if (d >= 10) {
      logs += std::log(d / 9.5);
      ++tail;
    }
  CHECK(tail > 100);
  CHECK(std::abs(1 + tail / logs - (1 + 1 / alpha)) < 4 * (tail / logs) / std::sqrt(tail) + 0.1);

  // Boost's iterator for the same law, with random numbers of its own: mean degree and share of sources without any.
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
  boost::random::mt19937 generator(1);
  std::vector<std::uint32_t> theirs(n);
  boost::plod_iterator<boost::random::mt19937, Graph> edge(generator, n, alpha, beta), end;
  for (; edge != end; ++edge) ++theirs[(*edge).first];
  const auto share_below = [](const std::vector<std::uint32_t>& d, std::uint32_t bound) {
    return static_cast<double>(std::count_if(d.begin(), d.end(), [&](std::uint32_t x) { return x < bound; })) / n;
  };
  for (const std::uint32_t bound : {1u, 2u, 3u, 5u, 10u}) {
    const double p = share_below(degrees, bound);
    CHECK(std::abs(p - share_below(theirs, bound)) < 4 * std::sqrt(2 * p * (1 - p) / n) + 4.0 / n);
  }
}

TEST_CASE("Scale-free: exact degrees, without multapses, refusals", "[connectors]") {
  // With two sources x is always 1.
  ScaleFree c{.alpha = 1, .beta = 8};
  for (const std::uint32_t d : outdegrees(all_incoming(c, {.sources = 2, .targets = 5}), 2)) CHECK(d == 8);
  // Without multapses nobody has more synapses than there are others.
  c.multapses = false;
  for (const std::uint32_t d : outdegrees(all_incoming(c, {.sources = 2, .targets = 5}), 2)) CHECK(d == 5);
  c.beta = 100;
  const auto all = all_incoming(c, recurrent(20));
  CHECK(autapses(all) == 0);
  for (const Sources& in : all) CHECK_FALSE(has_duplicates(in));
  // A power of a whole number is not one short: 8 * 4^-0.5.
  std::uint32_t fours = 0;
  for (const std::uint32_t d : outdegrees(all_incoming(scale_free(0.5, 8), {.sources = 1000, .targets = 50}), 1000)) {
    CHECK(d <= 8);
    fours += d == 4;
  }
  CHECK(fours > 0);

  CHECK(refusal(scale_free(0, 5), recurrent(10)).key == "connect.alpha");
  CHECK(refusal(scale_free(101, 5), recurrent(10)).expected == "a number > 0 and <= 100");
  CHECK(refusal(scale_free(1, 0), recurrent(10)).key == "connect.beta");
  CHECK(refusal(scale_free(1, 5e9), recurrent(10)).expected == "a number > 0 and <= 4294967295");
  CHECK(refusal(scale_free(1, 5), {.sources = 1, .targets = 10}).problem == "there is only one source");
  CHECK(refusal(scale_free(1, 5), {.sources = 2, .targets = 1, .self = [](std::uint32_t) { return 0u; }}).problem ==
        "there is only one target");
}

TEST_CASE("What a rule draws for all at once depends on seed and projection alone", "[connectors]") {
  for (const Connect& rule : {fixed_outdegree(5), fixed_total(300), fixed_total(300, false), scale_free(0.5, 20)}) {
    const auto once = all_incoming(rule, recurrent(60));
    CHECK(once == all_incoming(rule, recurrent(60)));
    CHECK(once != all_incoming(rule, recurrent(60), key(2)));
    CHECK(once != all_incoming(rule, recurrent(60), rheo::random_key(1, "another", "connect")));
  }
}

TEST_CASE("What cannot fit is refused before anything is drawn", "[connectors]") {
  rheo::NetworkSpec spec;
  spec.populations.resize(1);
  spec.populations[0].name = "E";
  spec.populations[0].model = "iaf_psc_delta";
  spec.populations[0].size = 100'000;
  rheo::ProjectionSpec projection;
  projection.name = "p";
  projection.source = projection.target = {{.population = "E", .end = {}}};
  for (const Connect& c :
       {fixed_outdegree(4'000'000'000u), fixed_total(std::uint64_t{1} << 62), scale_free(1e-9, 4e9)}) {
    projection.connect = c;
    spec.projections = {projection};
    try {
      rheo::Network::check(spec);
      FAIL_CHECK("nothing was refused");
    } catch (const rheo::BuildError& error) {
      CHECK(error.complaint().key == "projections.p.connect");
      CHECK_THAT(error.complaint().problem, Catch::Contains("needs at least"));
    }
  }
}

}  // namespace test_connectors_global
