// Networks of many populations and projections: what each of them costs does not depend on how many there are.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "core/loop/simulation.hpp"
#include "networks/connect/rules.hpp"
#include "networks/delivery/stored_synapses.hpp"
#include "networks/network.hpp"
#include "networks/synapses/layout.hpp"

namespace test_many_populations {

using namespace rheo;

namespace {

NetworkSpec singles(std::uint32_t populations) {
  NetworkSpec spec;
  for (std::uint32_t i = 0; i < populations; ++i) {
    PopulationSpec one;
    one.name = "p" + std::to_string(i);
    one.model = "iaf_psc_delta";
    one.size = 1;
    spec.populations.push_back(one);
  }
  return spec;
}

Selection all(const std::string& name) {
  return {name, 0, {}, 1};
}

ProjectionSpec drawn(const std::string& name, const std::string& source, const std::string& target) {
  ProjectionSpec one;
  one.name = name;
  one.source = {all(source)};
  one.target = {all(target)};
  one.connect = AllToAll{};
  const Distribution weights = Uniform{0.1, 0.2};
  one.weight = weights;
  return one;
}

}  // namespace

TEST_CASE("lanes share populations that are smaller than their number evenly", "[many]") {
  const std::size_t lanes = GENERATE(1, 2, 7, 64);
  std::vector<PopulationShape> shapes;
  for (std::uint32_t i = 0; i < 300; ++i) {
    shapes.push_back({1, 1});
    shapes.push_back({i % 2, 2});
    if (i % 100 == 0) shapes.push_back({1000 + i, 1});
  }
  const Lanes cut = Lanes::cut(shapes, lanes);
  REQUIRE(cut.count() == lanes);
  std::vector<std::uint32_t> neurons(lanes);
  for (std::size_t p = 0; p < shapes.size(); ++p) {
    std::uint32_t end = 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const Piece& piece = cut.pieces[lane][p];
      REQUIRE(piece.begin == end);
      REQUIRE(piece.end >= piece.begin);
      end = piece.end;
      neurons[lane] += piece.end - piece.begin;
    }
    REQUIRE(end == shapes[p].size);
  }
  const auto [least, most] = std::minmax_element(neurons.begin(), neurons.end());
  // One for each of the large ones, and one for all small ones.
  CHECK(*most - *least <= 4);
}

TEST_CASE("the lanes of many populations are few", "[many]") {
  NetworkSpec spec;
  const auto lanes_of = [&](std::uint32_t populations, std::uint32_t size) {
    return choose_layout(spec, {}, std::vector<PopulationShape>(populations, {size, 1}), 64).lanes.count();
  };
  CHECK(lanes_of(10, 100'000) == 64);
  CHECK(lanes_of(10'000, 10) == 64);
  CHECK(lanes_of(100'000, 1) == 8);
  CHECK(lanes_of(500'000, 1) == 4);
}

TEST_CASE("neighbouring sources of a projection are found as one", "[many]") {
  NetworkSpec spec = singles(200);
  ProjectionSpec whole = drawn("whole", "p0", "p0"), gap = drawn("gap", "p0", "p0"),
                 turned = drawn("turned", "p0", "p0");
  whole.source.clear();
  for (std::uint32_t i = 0; i < 200; ++i) whole.source.push_back(all("p" + std::to_string(i)));
  whole.target = whole.source;
  gap.source = whole.source;
  gap.source.erase(gap.source.begin() + 100);
  turned.source.assign(whole.source.rbegin(), whole.source.rend());
  spec.share_rows = false;
  spec.projections = {whole, gap, turned};
  const Network network(spec, Threads(1));
  const std::vector<SynapseBundle>& bundles = network.stored().bundles();
  REQUIRE(bundles.size() == 3);
  CHECK(bundles[0].sources.size() == 1);
  CHECK(bundles[1].sources.size() == 2);
  CHECK(bundles[2].sources.size() == 200);  // rows descend
  for (std::size_t p = 0; p < 3; ++p)
    for (const NeuronId source : {0u, 99u, 100u, 199u}) {
      CAPTURE(p, source);
      std::vector<Synapse> synapses;
      network.outgoing(p, source, synapses);
      const bool left_out = p == 1 && source == 100;
      CHECK(synapses.size() == (left_out ? 0 : p == 0 ? 200 : 1));
      for (const Synapse& synapse : synapses) CHECK(synapse.source == source);
    }
}

TEST_CASE("rows are shared by no more projections than can be told apart quickly", "[many]") {
  NetworkSpec spec = singles(600);
  for (std::uint32_t i = 1; i < 600; ++i)
    spec.projections.push_back(drawn("c" + std::to_string(i), "p0", "p" + std::to_string(i)));
  const Network network(spec, Threads(1));
  std::vector<std::size_t> members;
  for (const SynapseBundle& bundle : network.stored().bundles()) members.push_back(bundle.members.size());
  CHECK(members == std::vector<std::size_t>{256, 256, 87});
  std::vector<Synapse> synapses;
  for (const std::size_t p : {0u, 255u, 256u, 511u, 512u, 598u}) {
    synapses.clear();
    network.outgoing(p, 0, synapses);
    REQUIRE(synapses.size() == 1);
    CHECK(synapses.front().target == p + 1);
  }
}

}  // namespace test_many_populations
