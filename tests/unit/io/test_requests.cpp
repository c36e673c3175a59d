// What may be recorded and what phases may say, as a program asks for it, without a file.
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "io/record/requests.hpp"

namespace test_requests {

using namespace rheo;

namespace {

NetworkSpec network() {
  NetworkSpec spec;
  spec.populations.resize(2);
  spec.populations[0].name = "E";
  spec.populations[1].name = "S";
  for (PopulationSpec& population : spec.populations) population.size = 10;
  spec.populations[0].model = "iaf_psc_exp";
  spec.populations[1].model = "spike_source";
  ProjectionSpec fixed, learning;
  fixed.name = "fixed";
  learning.name = "learning";
  learning.plasticity.rule = "stdp_pair";
  spec.projections = {fixed, learning};
  return spec;
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const BuildError& error) {
    return error.what();
  }
  return "no error";
}

StateRequest states() {
  StateRequest request;
  request.name = "membrane";
  request.population = {{.population = "E", .begin = 0, .end = 5}};
  request.variables = {"V_m"};
  return request;
}

WeightRequest weights() {
  WeightRequest request;
  request.name = "w";
  request.projection = "learning";
  request.every = 10;
  return request;
}

}  // namespace

TEST_CASE("Requests become what recorders do", "[record]") {
  const NetworkSpec spec = network();
  const std::vector<Phase> phases = resolve_phases(
      spec, {{.name = "rest", .duration = 30, .plasticity = {.all = false}}, {.name = "train", .duration = 70}}, 100);
  REQUIRE(phases.size() == 2);
  CHECK((phases[0].begin == 100 && phases[0].end == 400 && phases[0].learning.empty()));
  CHECK((phases[1].end == 1100 && phases[1].learning == std::vector<std::string>{"learning"}));

  RequestJudge judge(spec, phases, 100, 1100, false);
  CHECK(judge.resolve(SpikeRequest{}).populations.size() == 2);
  // Halves that interleave have no neuron in common; the order is that of the network.
  const RecordSpikes spikes =
      judge.resolve(SpikeRequest{.populations = {{.population = "S", .end = {}},
                                                 {.population = "E", .begin = 1, .end = {}, .step = 2},
                                                 {.population = "E", .begin = 0, .end = {}, .step = 2}},
                                 .phases = {"train"}});
  CHECK(
      (spikes.populations.size() == 3 && spikes.populations[0].begin == 1 && spikes.populations[2].population == "S"));
  CHECK((spikes.spans.size() == 1 && spikes.spans[0].begin == 400 && spikes.spans[0].end == 1100));

  StateRequest request = states();
  request.every = 0.5;
  const std::vector<RecordStates> whole = judge.resolve(request);
  REQUIRE(whole.size() == 1);
  CHECK((whole[0].times.first == 100 && whole[0].times.every == 5 && whole[0].times.end == 1100));
  CHECK(whole[0].files == std::vector<std::string>{"membrane_V_m.h5"});
  request.phases = {"train", "rest"};
  const std::vector<RecordStates> parts = judge.resolve(request);
  REQUIRE(parts.size() == 2);
  CHECK((parts[0].name == "membrane_rest" && parts[1].times.first == 400));

  const RecordWeights snapshots = judge.resolve(weights());
  REQUIRE(snapshots.times.size() == 1);
  CHECK((snapshots.times[0].first == 100 && snapshots.times[0].every == 100 && snapshots.times[0].end == 1101));
  CHECK(snapshots.variables == std::vector<std::string>{"weight"});
}

TEST_CASE("Requests that cannot be met are refused with their keys", "[record]") {
  const NetworkSpec spec = network();
  const std::vector<Phase> phases;
  const auto of = [&](const auto& request) {
    return message_of([&] { RequestJudge(spec, phases, 0, 1000, false).resolve(request); });
  };
  StateRequest request = states();
  request.population.push_back({.population = "E", .begin = 4, .end = {}});
  CHECK(of(request) ==
        "record.membrane.population = \"E[4:]\": selects neuron 4 of E twice; expected each neuron once");
  request.population = {{.population = "E", .begin = 5, .end = 5}};
  CHECK(of(request).starts_with("record.membrane.population = \"E[5:5]\": selects none of the 10 neurons of E"));
  request.population = {{.population = "S", .end = {}}};
  CHECK(of(request).starts_with("record.membrane.population = \"S\": is a spike_source, which has no state"));
  request = states();
  request.variables = {"V_m", "V_m"};
  CHECK(of(request) == "record.membrane.variables[1] = \"V_m\": is named twice; expected each of them once");
  request.variables = {};
  CHECK(of(request).starts_with("record.membrane.variables: is missing"));
  request = states();
  request.every = -1;
  CHECK(of(request).starts_with("record.membrane.every = -1: is out of range; expected a number >= 0 (ms)"));
  request = states();
  request.start = 50;
  request.stop = 50;
  CHECK(of(request).starts_with("record.membrane.stop = 50: is before the first tick"));
  request.stop = {};
  request.start = 100;
  CHECK(of(request).starts_with("record.membrane.start = 100: is after the last tick"));
  request = states();
  request.name = "a/b";
  CHECK(of(request) == "record.a/b: is no name of a file; expected letters, digits, _ and -");

  WeightRequest snapshots = weights();
  snapshots.start = 100;  // the last one is taken at the end
  CHECK(of(snapshots) == "no error");
  snapshots.start = 100.1;
  CHECK(of(snapshots).starts_with("record.w.start = 100.1: is after the last tick"));
  snapshots = weights();
  snapshots.projection = "fixed";
  CHECK(of(snapshots).starts_with("record.w.every = 10: fixed has no plasticity"));
  snapshots.every = {};
  CHECK(of(snapshots) == "no error");
  snapshots.stop = 3;
  CHECK(of(snapshots).starts_with("record.w.stop = given: has a meaning with every only"));
  CHECK(message_of([&] {
          RequestJudge judge(spec, phases, 0, 1000, false);
          WeightRequest same = weights();
          same.name = "membrane_V_m";
          judge.resolve(states());
          judge.resolve(same);
        }).starts_with("record.membrane_V_m: writes membrane_V_m.h5, as does record.membrane"));

  const auto phase = [&](const PhaseRequest& one) { return message_of([&] { resolve_phases(spec, {one}, 0); }); };
  CHECK(phase({.name = "p", .duration = 0}).starts_with("phases[0].duration = 0: is out of range"));
  CHECK(phase({.name = "p", .duration = 1e300}).starts_with("phases[0].duration = 1e+300: is out of range"));
  CHECK(phase({.name = "p", .duration = 0.05}).starts_with("phases[0].duration = 0.05: is no whole number of ticks"));
  CHECK(phase({.name = "p", .duration = 1, .plasticity = {.all = false, .names = {"fixed"}}}) ==
        "phases[0].plasticity[0] = \"fixed\": has no plasticity, so that it cannot learn; expected learning");
}

}  // namespace test_requests
