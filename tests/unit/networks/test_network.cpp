// Networks from descriptions: what is refused, and in which words; where weights arrive; what selections select; what a
// synapse costs.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/isa.hpp"
#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"

namespace test_network {

namespace {

using rheo::AllToAll;
using rheo::Bernoulli;
using rheo::BuildError;
using rheo::Complaint;
using rheo::Connect;
using rheo::ConstantCurrent;
using rheo::Distribution;
using rheo::EdgeList;
using rheo::FixedIndegree;
using rheo::InputSpec;
using rheo::List;
using rheo::Network;
using rheo::NetworkSpec;
using rheo::NoiseCurrent;
using rheo::OneToOne;
using rheo::PoissonSpikes;
using rheo::PopulationSpec;
using rheo::Precision;
using rheo::ProjectionSpec;
using rheo::Selection;
using rheo::SpikeTrains;
using rheo::StepCurrent;
using rheo::Threads;
using rheo::Tick;
using rheo::Value;

PopulationSpec population(std::string name, std::string model, std::uint32_t size,
                          std::map<std::string, Value> params = {}) {
  PopulationSpec p;
  p.name = std::move(name);
  p.model = std::move(model);
  p.size = size;
  p.params = std::move(params);
  return p;
}

PopulationSpec source(std::string name, const std::vector<std::vector<double>>& times) {
  PopulationSpec p = population(std::move(name), "spike_source", static_cast<std::uint32_t>(times.size()));
  auto trains = std::make_shared<SpikeTrains>();
  trains->begin.push_back(0);
  for (const auto& train : times) {
    trains->times.insert(trains->times.end(), train.begin(), train.end());
    trains->begin.push_back(trains->times.size());
  }
  p.trains = trains;
  return p;
}

ProjectionSpec projection(std::string name, std::vector<Selection> from, std::vector<Selection> to, Connect connect,
                          Value weight = 1.0, Value delay = 1.0) {
  ProjectionSpec p;
  p.name = std::move(name);
  p.source = std::move(from);
  p.target = std::move(to);
  p.connect = std::move(connect);
  p.weight = std::move(weight);
  p.delay = std::move(delay);
  return p;
}

Selection all(std::string name) {
  return {std::move(name), 0, {}, 1};
}
Selection slice(std::string name, std::uint32_t begin, std::optional<std::uint32_t> end, std::uint32_t step) {
  return {std::move(name), begin, end, step};
}

std::shared_ptr<const EdgeList> edges(std::vector<std::uint32_t> from, std::vector<std::uint32_t> to) {
  return std::make_shared<const EdgeList>(EdgeList{std::move(from), std::move(to)});
}

Value uniform(double low, double high) {
  return rheo::Uniform{low, high};
}
Value normal(double mean, double sd) {
  return rheo::Normal{mean, sd};
}

std::vector<double> column(Network& network, std::size_t which, const std::string& name) {
  const rheo::PopulationBlock& block = network.simulation().population(which);
  std::vector<std::uint32_t> all(block.size());
  std::iota(all.begin(), all.end(), 0u);
  std::vector<double> values(all.size());
  block.read(block.find_column(name).value(), network.simulation().now(), all, values.data());
  return values;
}

// A right network with something of everything; each refusal below spoils one thing in it.
NetworkSpec right() {
  NetworkSpec spec;
  spec.populations = {population("E", "iaf_psc_alpha", 100, {{"tau_m", 15.0}}), population("Z", "izhikevich", 20),
                      source("S", std::vector<std::vector<double>>(10, {1.0, 2.0}))};
  spec.populations[1].options["scheme"] = "euler";
  spec.populations[1].initial["V_m"] = uniform(-70, -60);
  spec.projections = {projection("feed", {all("S")}, {all("E")}, Bernoulli{.p = 0.1}, 20.0),
                      projection("listed", {all("E")}, {all("Z")}, List{edges({0, 99}, {19, 0})},
                                 std::vector<double>{1, 2}, std::vector<double>{1, 2})};
  InputSpec noise, current;
  noise.name = "noise";
  noise.target = {all("E")};
  noise.kind = PoissonSpikes{.rate = 1000.0, .weight = 10.0};
  current.name = "current";
  current.kind = ConstantCurrent{.amplitude = 5.0};
  current.target = {slice("Z", 0, 10, 1)};
  spec.inputs = {noise, current};
  return spec;
}

PoissonSpikes& noise_of(NetworkSpec& spec) {
  return *spec.inputs[0].kind.as<PoissonSpikes>();
}
ConstantCurrent& current_of(NetworkSpec& spec) {
  return *spec.inputs[1].kind.as<ConstantCurrent>();
}

struct Refusal {
  const char* what;
  std::function<void(NetworkSpec&)> spoil;
  std::string key, value, problem;
  std::string expected = "*", suggestion = "";
};

void check_refusal(const Refusal& refusal, const Complaint& c) {
  INFO(refusal.what);
  CHECK(c.file.empty());
  CHECK(c.key == refusal.key);
  CHECK((refusal.value == "*" ? !c.value.empty() : c.value == refusal.value));
  // One that ends with a blank is the begin of what depends on the lane.
  if (refusal.problem.ends_with(' '))
    CHECK(c.problem.starts_with(refusal.problem));
  else
    CHECK(c.problem == refusal.problem);
  if (refusal.expected != "*") CHECK(c.expected == refusal.expected);
  CHECK(c.suggestion == refusal.suggestion);
}

template <class F>
Complaint complaint_of(const char* what, const F& f) {
  try {
    f();
  } catch (const BuildError& error) {
    return error.complaint();
  }
  INFO(what);
  CHECK(false);
  return {};
}

constexpr double infinity = std::numeric_limits<double>::infinity(), none = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("What Network::check refuses, and in which words", "[network]") {
  CHECK_NOTHROW(Network::check(right()));
  CHECK_NOTHROW(Network(right(), Threads(2)).simulation().run(50));
  const std::string E_params = "one of C_m, tau_m, t_ref, E_L, V_reset, V_th, I_e, tau_syn_ex, tau_syn_in";
  const std::vector<Refusal> refusals = {
      // The whole.
      {"dt 0", [](auto& s) { s.dt = 0; }, "simulation.dt", "0", "not a tick length", "a number > 0 (ms)"},
      {"dt < 0", [](auto& s) { s.dt = -0.1; }, "simulation.dt", "-0.1", "not a tick length"},
      {"dt inf", [](auto& s) { s.dt = infinity; }, "simulation.dt", "inf", "not a tick length"},
      {"nobody", [](auto& s) { s.populations.clear(); }, "populations", "", "the network has no population",
       "at least one [populations.NAME]"},
      {"too many",
       [](auto& s) {
         s.populations[1].size = 0xfffffff0u;
         s.populations[1].initial.clear();
       },
       "populations.Z.size", "4294967280", "too many neurons in all", "fewer than 2^32 - 1"},

      // Populations.
      {"model", [](auto& s) { s.populations[0].model = "iaf_psc_alpa"; }, "populations.E.model", "\"iaf_psc_alpa\"",
       "unknown model",
       "one of iaf_psc_delta, iaf_psc_exp, iaf_psc_alpha, iaf_psc_exp_adapt, iaf_cond_exp, aeif_psc_exp, "
       "aeif_cond_exp, izhikevich, izhikevich_2007, lif_discrete, relay, accumulator, rate_sigmoid, "
       "rate_tanh, spike_source",
       "iaf_psc_alpha"},
      {"model, nothing like it", [](auto& s) { s.populations[0].model = "hodgkin_huxley"; }, "populations.E.model",
       "\"hodgkin_huxley\"", "unknown model"},
      {"twice", [](auto& s) { s.populations[1].name = "E"; }, "populations.E", "", "declared twice",
       "names that differ"},
      {"size 0", [](auto& s) { s.populations[0].size = 0; }, "populations.E.size", "0", "an empty population",
       "a whole number >= 1"},
      {"parameter", [](auto& s) { s.populations[0].params["tau_n"] = 1.0; }, "populations.E.params.tau_n", "",
       "unknown parameter of iaf_psc_alpha", E_params, "tau_m"},
      {"parameter, other case", [](auto& s) { s.populations[0].params["v_th"] = 1.0; }, "populations.E.params.v_th", "",
       "unknown parameter of iaf_psc_alpha", E_params, "V_th"},
      {"parameter of a source", [](auto& s) { s.populations[2].params["rate"] = 1.0; }, "populations.S.params.rate", "",
       "unknown parameter of spike_source", "none"},
      {"tau_m 0", [](auto& s) { s.populations[0].params["tau_m"] = 0.0; }, "populations.E.params.tau_m", "0",
       "is out of range", "a number > 0 (ms)"},
      {"t_ref < 0", [](auto& s) { s.populations[0].params["t_ref"] = -1.0; }, "populations.E.params.t_ref", "-1",
       "is out of range", "a number >= 0 (ms)"},
      {"V_th NaN", [](auto& s) { s.populations[0].params["V_th"] = none; }, "populations.E.params.V_th", "nan",
       "is out of range", "a number (mV)"},
      {"V_th beyond what arithmetic bears", [](auto& s) { s.populations[0].params["V_th"] = 1e300; },
       "populations.E.params.V_th", "1e+300", "is out of range", "a number <= 1e+30 (mV)"},
      {"tau_m beyond it", [](auto& s) { s.populations[0].params["tau_m"] = 1e300; }, "populations.E.params.tau_m",
       "1e+300", "is out of range", "a number > 0 and <= 1e+30 (ms)"},
      {"tau_m below it", [](auto& s) { s.populations[0].params["tau_m"] = 1e-300; }, "populations.E.params.tau_m",
       "1e-300", "is out of range", "a number >= 1e-30 (ms)"},
      {"E_L inf", [](auto& s) { s.populations[0].params["E_L"] = -infinity; }, "populations.E.params.E_L", "-inf",
       "is out of range", "a number >= -1e+30 (mV)"},
      {"one of a list",
       [](auto& s) {
         std::vector<double> tau(100, 10.0);
         tau[7] = -2.5;
         s.populations[0].params["tau_m"] = tau;
       },
       "populations.E.params.tau_m[7]", "-2.5", "is out of range", "a number > 0 (ms)"},
      {"list too short", [](auto& s) { s.populations[0].params["tau_m"] = std::vector<double>(99, 10.0); },
       "populations.E.params.tau_m", "a list of 99", "has 99 entries", "100 entries, one per neuron"},
      {"impossible distribution", [](auto& s) { s.populations[0].params["tau_m"] = normal(10, -1); },
       "populations.E.params.tau_m.normal", "[10, -1]", "sd = -1 is not a number >= 0"},
      {"state", [](auto& s) { s.populations[0].initial["Vm"] = -70.0; }, "populations.E.initial.Vm", "",
       "unknown state of iaf_psc_alpha", "one of V_m, I_syn_ex, dI_syn_ex, I_syn_in, dI_syn_in, refractory", "V_m"},
      {"state out of range", [](auto& s) { s.populations[0].initial["refractory"] = -3.0; },
       "populations.E.initial.refractory", "-3", "is out of range", "a number >= 0 (ticks)"},
      {"option", [](auto& s) { s.populations[1].options["schema"] = "euler"; }, "populations.Z.params.schema",
       "\"euler\"", "unknown parameter of izhikevich", "*", "scheme"},
      {"option of a model without", [](auto& s) { s.populations[0].options["C_m"] = "large"; },
       "populations.E.params.C_m", "\"large\"", "is no number", "a number"},
      {"choice", [](auto& s) { s.populations[1].options["scheme"] = "eulr"; }, "populations.Z.params.scheme",
       "\"eulr\"", "unknown choice", "one of published, published_2004, euler", "euler"},
      {"spike at 0",
       [](auto& s) {
         s.populations[2] = source("S", {{1.0}, {5.0, 0.0}});
       },
       "populations.S.params.times", "0", "spike time of neuron 1", "times > 0 (ms)"},
      {"spike before 0", [](auto& s) { s.populations[2] = source("S", {{-0.5}}); }, "populations.S.params.times",
       "-0.5", "spike time of neuron 0", "times > 0 (ms)"},
      {"spike at NaN", [](auto& s) { s.populations[2] = source("S", {{none}}); }, "populations.S.params.times", "nan",
       "spike time of neuron 0", "times > 0 (ms)"},
      {"trains of others", [](auto& s) { s.populations[2].size = 9; }, "populations.S.params.times", "",
       "trains do not match the number of neurons", "one list of times per neuron"},

      // Projections.
      {"twice", [](auto& s) { s.projections[1].name = "feed"; }, "projections.feed", "", "declared twice",
       "names that differ"},
      {"no source", [](auto& s) { s.projections[0].source.clear(); }, "projections.feed.source", "", "missing",
       "a population"},
      {"no target", [](auto& s) { s.projections[0].target.clear(); }, "projections.feed.target", "", "missing",
       "a population"},
      {"unknown source", [](auto& s) { s.projections[0].source[0].population = "T"; }, "projections.feed.source",
       "\"T\"", "unknown population", "one of E, Z, S", "E"},
      {"unknown target", [](auto& s) { s.projections[0].target[0].population = "excitatory"; },
       "projections.feed.target", "\"excitatory\"", "unknown population", "one of E, Z, S"},
      {"overlap",
       [](auto& s) {
         s.projections[0].source = {slice("S", 0, 6, 1), slice("S", 5, {}, 1)};
       },
       "projections.feed.source", "\"S[5:]\"", "selects neuron 5 of S twice", "each neuron once"},
      {"overlap of targets",
       [](auto& s) {
         s.projections[0].target = {all("E"), all("E")};
       },
       "projections.feed.target", "\"E\"", "selects neuron 0 of E twice", "each neuron once"},
      {"beyond the end", [](auto& s) { s.projections[0].source = {slice("S", 0, 11, 1)}; }, "projections.feed.source",
       "\"S[0:11]\"", "ends at 11, and S has 10 neurons", "an end <= 10"},
      {"nothing", [](auto& s) { s.projections[0].source = {slice("S", 5, 5, 1)}; }, "projections.feed.source",
       "\"S[5:5]\"", "selects none of the 10 neurons of S"},
      {"step 0", [](auto& s) { s.projections[0].source = {slice("S", 0, 5, 0)}; }, "projections.feed.source",
       "\"S[0:5:0]\"", "has a step of 0"},
      {"onto a source", [](auto& s) { s.projections[0].target = {all("S")}; }, "projections.feed.target", "\"S\"",
       "a spike_source has no input", "a population that can be reached"},
      {"port", [](auto& s) { s.projections[0].port = "exc"; }, "projections.feed.port", "\"exc\"",
       "unknown port of iaf_psc_alpha", "one of ex, in, I", "ex"},
      {"weight", [](auto& s) { s.projections[0].weight = infinity; }, "projections.feed.weight", "inf",
       "is out of range", "a number <= 1e+30"},
      {"weights",
       [](auto& s) {
         s.projections[0].weight = rheo::Uniform{2, 1};
       },
       "projections.feed.weight.uniform", "[2, 1]", "low is larger than high"},
      {"drawn delay", [](auto& s) { s.projections[0].delay = normal(-3, 0); }, "projections.feed.delay", "-3",
       "-3 ms rounds to less than one tick of 0.1 ms", "a delay of at least 0.1 (ms)"},
      {"delay", [](auto& s) { s.projections[0].delay = 0.04; }, "projections.feed.delay", "0.04",
       "0.04 ms rounds to less than one tick of 0.1 ms", "a delay of at least 0.1 (ms)"},
      {"delay < 0", [](auto& s) { s.projections[0].delay = -1.0; }, "projections.feed.delay", "-1",
       "-1 ms rounds to less than one tick of 0.1 ms"},
      {"delay NaN", [](auto& s) { s.projections[0].delay = none; }, "projections.feed.delay", "nan", "is out of range"},
      {"uniform delays", [](auto& s) { s.projections[0].delay = uniform(0.01, 2); }, "projections.feed.delay", "0.01",
       "0.01 ms rounds to less than one tick of 0.1 ms", "a delay of at least 0.1 (ms)"},
      {"delays that are all alike", [](auto& s) { s.projections[0].delay = normal(0.04, 0); }, "projections.feed.delay",
       "0.04", "0.04 ms rounds to less than one tick of 0.1 ms", "a delay of at least 0.1 (ms)"},
      {"min of delays",
       [](auto& s) {
         auto d = std::get<Distribution>(normal(1.5, 0.5));
         d.min = 0.01;
         s.projections[0].delay = d;
       },
       "projections.feed.delay", "0.01", "0.01 ms rounds to less than one tick of 0.1 ms"},
      {"listed delay",
       [](auto& s) {
         s.projections[1].delay = std::vector<double>{1, 0.01};
       },
       "projections.listed.delay[1]", "0.01", "0.01 ms rounds to less than one tick of 0.1 ms"},
      {"interleaved sources",
       [](auto& s) {
         s.projections[0].source = {slice("S", 0, {}, 2), slice("S", 1, {}, 2)};
       },
       "projections.feed.source", "\"S[1::2]\"", "interleaves with S[0::2]", "ranges of neurons that lie apart"},
      {"weights in a list", [](auto& s) { s.projections[0].weight = std::vector<double>(100, 1.0); },
       "projections.feed.weight", "a list", "only the rule list takes one value per synapse",
       "a number or a distribution"},
      {"delays in a list", [](auto& s) { s.projections[0].delay = std::vector<double>(100, 1.0); },
       "projections.feed.delay", "a list", "only the rule list takes one value per synapse",
       "a number or a distribution"},
      {"too few weights", [](auto& s) { s.projections[1].weight = std::vector<double>{1}; },
       "projections.listed.weight", "a list of 1", "has 1 entry", "2 entries, one per edge"},
      {"too many delays", [](auto& s) { s.projections[1].delay = std::vector<double>(3, 1.0); },
       "projections.listed.delay", "a list of 3", "has 3 entries", "2 entries, one per edge"},
      {"edge",
       [](auto& s) {
         s.projections[1].connect = List{edges({0, 100}, {0, 0})};
       },
       "projections.listed.connect.source[1]", "100", "no such source", "0 to 100 - 1"},
      {"in-degree", [](auto& s) { s.projections[0].connect = FixedIndegree{.indegree = 11.0, .multapses = false}; },
       "projections.feed.connect.indegree", "11", "there are only 10 sources"},
      {"probability", [](auto& s) { s.projections[0].connect = Bernoulli{.p = 1.1}; }, "projections.feed.connect.p",
       "1.1", "is out of range", "a number from 0 to 1"},
      {"one to one", [](auto& s) { s.projections[0].connect = OneToOne{}; }, "projections.feed.connect.rule",
       "one_to_one", "10 sources but 100 targets", "equal numbers"},

      // Inputs.
      {"twice", [](auto& s) { s.inputs[1].name = "noise"; }, "inputs.noise", "", "declared twice", "names that differ"},
      {"no target", [](auto& s) { s.inputs[0].target.clear(); }, "inputs.noise.target", "", "missing", "a population"},
      {"unknown", [](auto& s) { s.inputs[0].target = {all("EE")}; }, "inputs.noise.target", "\"EE\"",
       "unknown population", "one of E, Z, S", "E"},
      {"into a source", [](auto& s) { s.inputs[0].target = {all("S")}; }, "inputs.noise.target", "\"S\"",
       "a spike_source has no input"},
      {"current into a source", [](auto& s) { s.inputs[1].target = {all("S")}; }, "inputs.current.target", "\"S\"",
       "a spike_source has no input"},
      {"port", [](auto& s) { noise_of(s).port = "inh"; }, "inputs.noise.port", "\"inh\"",
       "unknown port of iaf_psc_alpha", "one of ex, in, I", "in"},
      {"overlap",
       [](auto& s) {
         s.inputs[0].target = {all("E"), slice("E", 3, 4, 1)};
       },
       "inputs.noise.target", "\"E[3:4]\"", "selects neuron 3 of E twice"},
      {"rate < 0", [](auto& s) { noise_of(s).rate = -1.0; }, "inputs.noise.rate", "-1", "is out of range",
       "a number >= 0 (Hz)"},
      {"too large a rate", [](auto& s) { noise_of(s).rate = 5.1e8; }, "inputs.noise.rate", "510000000",
       "is out of range", "a number from 0 to 500000000 (Hz)"},
      {"rates", [](auto& s) { noise_of(s).rate = std::vector<double>(10, 1.0); }, "inputs.noise.rate", "a list of 10",
       "has 10 entries", "100 entries, one per neuron"},
      {"weights", [](auto& s) { noise_of(s).weight = std::vector<double>(101, 1.0); }, "inputs.noise.weight",
       "a list of 101", "has 101 entries", "100 entries, one per neuron"},
      {"weight", [](auto& s) { noise_of(s).weight = none; }, "inputs.noise.weight", "nan", "is out of range"},
      {"delay", [](auto& s) { noise_of(s).delay = -0.5; }, "inputs.noise.delay", "-0.5", "is out of range",
       "a number >= 0 (ms)"},
      {"start", [](auto& s) { s.inputs[0].start = -1; }, "inputs.noise.start", "-1", "before the start",
       "a time >= 0 (ms)"},
      {"start NaN", [](auto& s) { s.inputs[0].start = none; }, "inputs.noise.start", "nan", "before the start"},
      {"stop",
       [](auto& s) {
         s.inputs[0].start = 10;
         s.inputs[0].stop = 10;
       },
       "inputs.noise.stop", "10", "not after start = 10", "a later time (ms)"},
      {"amplitudes", [](auto& s) { current_of(s).amplitude = std::vector<double>(20, 1.0); },
       "inputs.current.amplitude", "a list of 20", "has 20 entries", "10 entries, one per neuron"},
      {"amplitude", [](auto& s) { current_of(s).amplitude = infinity; }, "inputs.current.amplitude", "inf",
       "is out of range"},
  };
  for (const Refusal& refusal : refusals) {
    NetworkSpec spec = right();
    refusal.spoil(spec);
    check_refusal(refusal, complaint_of(refusal.what, [&] { Network::check(spec); }));
    // Who builds without asking gets the same answer.
    check_refusal(refusal, complaint_of(refusal.what, [&] { Network(spec, Threads(1)); }));
  }
}

TEST_CASE("What only drawing shows is refused while building", "[network]") {
  CHECK_NOTHROW(Network::check_draws(right()));
  const std::vector<Refusal> refusals = {
      {"parameter", [](auto& s) { s.populations[0].params["tau_m"] = normal(-1, 0.1); }, "populations.E.params.tau_m",
       "*", "drawn for neuron 0, out of range", "a number > 0, by min and max of the distribution"},
      {"initial state", [](auto& s) { s.populations[0].initial["refractory"] = normal(-3, 0.1); },
       "populations.E.initial.refractory", "*", "drawn for neuron 0, out of range",
       "a number >= 0, by min and max of the distribution"},
      {"weight beyond what single precision holds",
       [](auto& s) {
         s.projections[0].weight = rheo::Lognormal{100, 0.1};
       },
       "projections.feed.weight", "*", "drawn for the synapse from source ",
       "a number <= 1e+30, by min and max of the distribution"},
      {"weight of an input",
       [](auto& s) {
         noise_of(s).weight = rheo::Lognormal{100, 0.1};
       },
       "inputs.noise.weight", "*", "drawn for neuron 0, out of range",
       "a number <= 1e+30, by min and max of the distribution"},
      {"amplitude",
       [](auto& s) {
         current_of(s).amplitude = rheo::Lognormal{100, 0.1};
       },
       "inputs.current.amplitude", "*", "drawn for neuron 0, out of range",
       "a number <= 1e+30, by min and max of the distribution"},
      {"deviation of noise", [](auto& s) { s.inputs[1].kind = NoiseCurrent{.deviation = normal(-5, 0.1)}; },
       "inputs.current.deviation", "*", "drawn for neuron 0, out of range",
       "a number >= 0, by min and max of the distribution"},
      {"parameters that do not go together",
       [](auto& s) {
         s.populations[0].params["V_th"] = -55.0;
         s.populations[0].params["V_reset"] = -50.0;
       },
       "populations.E.params", "{ V_reset = -50, V_th = -55 }", "V_reset is not below V_th"},
      {"amplitude times profile",
       [](auto& s) { s.inputs[1].kind = StepCurrent{.times = {0}, .values = {-1e20}, .amplitude = 1e20}; },
       "inputs.current.amplitude", "1e+20", "times 1e+20, the largest number of its profile, is out of range",
       "a product from -1e+30 to 1e+30"},
      {"impossible limits",
       [](auto& s) {
         Distribution d = rheo::Normal{10, 1};
         d.min = 18;
         s.populations[0].params["tau_m"] = d;
       },
       "populations.E.params.tau_m", "", "1000 draws in a row lie outside [min, max]",
       "limits that the distribution can meet"},
      {"short delay",
       [](auto& s) {
         const auto table = std::make_shared<const rheo::NumberTable>(rheo::NumberTable{1, 1, {0.04}});
         s.projections[0].delay = rheo::ByGroup{table};
       },
       "projections.feed.delay", "0.04", "rounds to less than one tick, from source ", "from 0.1 to 1000000 (ms)"},
      {"endless delay",
       [](auto& s) {
         s.projections[0].delay = rheo::Lognormal{60, 0};
       },
       "projections.feed.delay", "1.1420073898156842e+26", "is longer than 10000000 ticks, from source ",
       "from 0.1 to 1000000 (ms)"},
      {"long delay", [](auto& s) { s.projections[0].delay = 2e6; }, "projections.feed.delay", "2000000",
       "is longer than 10000000 ticks"},
      {"rate", [](auto& s) { noise_of(s).rate = normal(-5, 0.1); }, "inputs.noise.rate", "*",
       "drawn for neuron 0, out of range", "a number from 0 to 500000000, by min and max of the distribution"},
  };
  for (const Refusal& refusal : refusals) {
    NetworkSpec spec = right();
    refusal.spoil(spec);
    CHECK_NOTHROW(Network::check(spec));
    if (!refusal.key.starts_with("projections."))
      check_refusal(refusal, complaint_of(refusal.what, [&] { Network::check_draws(spec); }));
    // From whatever thread finds it.
    spec.lanes = 3;
    check_refusal(refusal, complaint_of(refusal.what, [&] { Network(spec, Threads(2)); }));
  }
}

TEST_CASE("An input that starts after all time is silent", "[network]") {
  for (const double start : {1e17, 1e300, infinity}) {
    NetworkSpec spec;
    spec.populations = {population("D", "iaf_psc_delta", 1)};
    InputSpec noise;
    noise.name = "noise";
    noise.target = {all("D")};
    noise.kind = PoissonSpikes{.rate = 1e5};
    noise.start = start;
    spec.inputs = {noise};
    spec.precision = Precision::double_;
    Network network(spec, Threads(1));
    network.simulation().run(50);
    CHECK(column(network, 0, "V_m")[0] == -70);
  }
}

TEST_CASE("Weights of both signs reach the right ports", "[network]") {
  NetworkSpec spec;
  spec.precision = Precision::double_;
  spec.lanes = GENERATE(1u, 3u);
  spec.populations = {source("S", {{1.0}}),
                      population("A", "iaf_psc_alpha", 5, {{"tau_syn_ex", 2.0}, {"tau_syn_in", 3.0}}),
                      population("D", "iaf_psc_delta", 5)};
  const std::vector<double> weights{10, -20, 0, -0.0, -5};
  const auto listed = edges({0, 0, 0, 0, 0}, {0, 1, 2, 3, 4});
  const double e = std::exp(1.0);
  const auto run = [&](const std::string& port) {
    spec.projections = {projection("a", {all("S")}, {all("A")}, List{listed}, weights),
                        projection("d", {all("S")}, {all("D")}, List{listed}, weights)};
    spec.projections[0].port = port;
    Network network(spec, Threads(1));
    network.simulation().run(20);
    const auto ex = column(network, 1, "dI_syn_ex"), in = column(network, 1, "dI_syn_in"),
               V = column(network, 2, "V_m");
    std::vector<std::pair<double, double>> derivatives;
    for (std::size_t n = 0; n < 5; ++n) {
      derivatives.emplace_back(ex[n] * 2 / e, in[n] * 3 / e);
      CHECK(V[n] == Approx(-70 + weights[n]).epsilon(1e-14));
    }
    return derivatives;
  };
  const auto check = [](const std::pair<double, double>& found, double ex, double in) {
    CHECK(found.first == Approx(ex).epsilon(1e-14));
    CHECK(found.second == Approx(in).epsilon(1e-14));
  };
  SECTION("by sign; zero counts as excitatory") {
    const auto found = run("");
    for (std::size_t n = 0; n < 5; ++n) check(found[n], std::max(weights[n], 0.0), std::min(weights[n], 0.0));
  }
  SECTION("all into the port that is named") {
    auto found = run("in");
    for (std::size_t n = 0; n < 5; ++n) check(found[n], 0, weights[n]);
    found = run("ex");
    for (std::size_t n = 0; n < 5; ++n) check(found[n], weights[n], 0);
  }
  SECTION("a constant weight, and Poisson input with a weight per neuron") {
    spec.projections = {projection("a", {all("S")}, {all("A")}, AllToAll{}, -7.0)};
    InputSpec noise;
    noise.name = "noise";
    noise.target = {slice("A", 0, {}, 2)};
    // 100 per tick: none is out of the question.
    noise.kind = PoissonSpikes{.rate = 1e6, .weight = std::vector<double>{0.5, -0.5, 0.25}};
    noise.start = 1.9;  // emitted in tick 20 and after
    spec.inputs = {noise};
    Network network(spec, Threads(1));
    network.simulation().run(20);
    const auto ex = column(network, 1, "dI_syn_ex"), in = column(network, 1, "dI_syn_in");
    CHECK(ex[0] > 0);
    CHECK(ex[1] == 0);
    CHECK(ex[2] == 0);
    CHECK(ex[4] > 0);
    CHECK(in[0] * 3 / e == Approx(-7));
    CHECK(in[1] * 3 / e == Approx(-7));
    CHECK(in[2] * 3 / e < -30);
  }
  SECTION("port I takes weights as currents of one tick") {
    spec.projections = {projection("a", {all("S")}, {all("A")}, AllToAll{}, 500.0)};
    spec.projections[0].port = "I";
    Network network(spec, Threads(1));
    network.simulation().run(20);
    CHECK(column(network, 1, "V_m")[0] == Approx(-70 + 500 * 0.04 * (1 - std::exp(-0.01))).epsilon(1e-13));
    CHECK(column(network, 1, "dI_syn_ex")[0] == 0);
  }
}

namespace {

// Which neurons of D moved, by how much (mV), after the spikes of S have arrived.
std::vector<double> moved(NetworkSpec spec, std::size_t which = 1) {
  spec.precision = Precision::double_;
  Network network(spec, Threads(1));
  network.simulation().run(20);
  const auto V = column(network, which, "V_m");
  std::vector<double> by;
  for (std::uint32_t n = 0; n < spec.populations[which].size; ++n) by.push_back(std::round((V[n] + 70) * 1e9) * 1e-9);
  return by;
}

}  // namespace

TEST_CASE("Selections select what they say", "[network]") {
  NetworkSpec spec;
  spec.lanes = GENERATE(1u, 2u, 5u);
  // Neuron n of S sends n + 1 mV, all in tick 10.
  spec.populations = {source("S", std::vector<std::vector<double>>(12, {1.0})), population("D", "iaf_psc_delta", 30),
                      population("F", "iaf_psc_delta", 7)};
  const auto expected = [](std::size_t size, const std::map<std::size_t, double>& where) {
    std::vector<double> by(size, 0.0);
    for (const auto& [n, mV] : where) by[n] = mV;
    return by;
  };
  SECTION("steps on both sides") {
    spec.projections = {projection("p", {slice("S", 1, {}, 3)}, {slice("D", 2, 28, 7)},
                                   List{edges({0, 1, 2, 3}, {3, 2, 1, 0})}, std::vector<double>{1, 2, 3, 4})};
    CHECK(moved(spec) == expected(30, {{23, 1}, {16, 2}, {9, 3}, {2, 4}}));
    // Only sources 1, 4, 7 and 10 are rows: if 4 is silent, its row is, and nobody else's.
    auto times = std::vector<std::vector<double>>(12, {1.0});
    times[4] = {};
    spec.populations[0] = source("S", times);
    CHECK(moved(spec) == expected(30, {{23, 1}, {9, 3}, {2, 4}}));
  }
  SECTION("several sources and targets count on") {
    spec.projections = {projection("p", {slice("S", 10, {}, 1), slice("S", 0, 3, 2)},
                                   {slice("F", 5, {}, 1), slice("D", 0, 20, 10)}, OneToOne{}, 1.0)};
    CHECK(moved(spec) == expected(30, {{0, 1}, {10, 1}}));
    CHECK(moved(spec, 2) == expected(7, {{5, 1}, {6, 1}}));
    // Sources 0 and 1 are S[10], S[11]; they reach F.
    auto times = std::vector<std::vector<double>>(12, {1.0});
    times[11] = {};
    times[2] = {};
    spec.populations[0] = source("S", times);
    CHECK(moved(spec) == expected(30, {{0, 1}}));
    CHECK(moved(spec, 2) == expected(7, {{5, 1}}));
  }
  SECTION("every tenth of a population as targets of a current") {
    InputSpec current;
    current.name = "c";
    current.kind = ConstantCurrent{.amplitude = std::vector<double>{100, 200, 300, 400, 500}};
    current.target = {slice("D", 0, {}, 10), slice("F", 1, 6, 4)};
    spec.inputs = {current};
    const double per_pA = 0.04 * (1 - std::exp(-0.2));
    const auto D = moved(spec), F = moved(spec, 2);
    for (std::size_t n = 0; n < 30; ++n)
      CHECK(D[n] == Approx(n % 10 == 0 ? per_pA * static_cast<double>(100 + 10 * n) : 0).margin(1e-8));
    for (std::size_t n = 0; n < 7; ++n)
      CHECK(F[n] == Approx(n == 1 ? 400 * per_pA : n == 5 ? 500 * per_pA : 0).margin(1e-8));
  }
  SECTION("autapses are those of the neuron, not of the position") {
    // Targets D[2], D[4], ..., sources D[0..9]: the same neuron stands at different positions.
    spec.projections = {projection("p", {slice("D", 0, 10, 1)}, {slice("D", 2, 10, 2)}, AllToAll{.autapses = false})};
    CHECK(Network(spec, Threads(1)).synapses() == 4 * 9);
    spec.projections[0].target = {slice("D", 10, 20, 1)};
    CHECK(Network(spec, Threads(1)).synapses() == 100);
    spec.projections[0].connect = FixedIndegree{.indegree = 9.0, .multapses = false};
    spec.projections[0].target = {slice("D", 5, 15, 1)};
    CHECK(Network(spec, Threads(1)).synapses() == 90);
  }
}

TEST_CASE("A source that spikes twice in a tick is heard twice", "[network]") {
  NetworkSpec spec;
  spec.lanes = GENERATE(1u, 2u);
  // 0.91 to 1.0 ms is tick 10 at dt 0.1.
  spec.populations = {source("S", {{1.0, 0.92}, {0.95}, {0.91, 0.99, 1.0, 1.01}}), population("D", "iaf_psc_delta", 3)};
  spec.projections = {projection("p", {all("S")}, {all("D")}, OneToOne{}, 2.0)};
  const auto by = moved(spec);
  CHECK(by[0] == Approx(4));
  CHECK(by[1] == Approx(2));
  // Three of the four arrived in tick 20.
  CHECK(by[2] == Approx(6));
}

TEST_CASE("Synapses stay within their budget of bytes", "[network]") {
  // A Brunel network of 2500 neurons, 250 synapses each.
  NetworkSpec spec;
  spec.populations = {population("E", "iaf_psc_delta", 2000), population("I", "iaf_psc_delta", 500)};
  spec.projections = {
      projection("excitation", {all("E")}, {all("E"), all("I")}, FixedIndegree{.indegree = 200.0}, 0.1, 1.5),
      projection("inhibition", {all("I")}, {all("E"), all("I")}, FixedIndegree{.indegree = 50.0}, -0.5, 1.5)};
  const auto network = [&] {
    Network built(spec, Threads(2));
    CHECK(built.synapses() == 2500 * 250);
    REQUIRE(built.projections().size() == 2);
    CHECK(built.projections()[0].synapses == 2500 * 200);
    CHECK(built.projections()[1].synapses == 2500 * 50);
    CHECK(built.bytes_per_synapse() ==
          Approx(static_cast<double>(built.projections()[0].bytes + built.projections()[1].bytes) / (2500 * 250)));
    return built.bytes_per_synapse();
  };
  SECTION("one weight, one delay: 2 bytes, and the rows") {
    spec.lanes = 1;
    CHECK(network() <= 2.0 + 4.0 * 2502 / (2500 * 250) + 1e-9);
    spec.lanes = 0;
    const double bytes = network();
    CAPTURE(bytes);
    CHECK(bytes <= 4);
    CHECK(bytes < 2.2);
  }
  SECTION("a weight and a delay per synapse: 8 bytes at most") {
    const bool both = GENERATE(true, false);
    for (auto& p : spec.projections) {
      const bool negative = std::get<double>(p.weight) < 0;
      Distribution weights = rheo::Normal{negative ? -0.5 : 0.1, 0.05};
      (negative ? weights.max : weights.min) = 0;
      p.weight = weights;
      if (both) p.delay = uniform(0.5, 2.5);
    }
    const double bytes = network();
    CAPTURE(both, bytes);
    CHECK(bytes <= (both ? 8.1 : 6.2));
  }
  SECTION("individual delays, one weight") {
    for (auto& p : spec.projections) p.delay = uniform(0.5, 2.5);
    const double bytes = network();
    CAPTURE(bytes);
    CHECK(bytes <= 4.1);
  }
  SECTION("the range of delays is told") {
    spec.projections[0].delay = uniform(0.5, 2.5);
    const Network built(spec, Threads(2));
    CHECK(built.projections()[0].min_delay == 0.5);
    CHECK(built.projections()[0].max_delay == 2.5);
    CHECK(built.projections()[1].min_delay == 1.5);
    CHECK(built.projections()[1].max_delay == 1.5);
  }
}

TEST_CASE("More than 65,536 slots in a lane take wide targets", "[network]") {
  NetworkSpec spec;
  spec.lanes = 1;
  spec.precision = Precision::double_;
  spec.populations = {source("S", {{1.0}, {1.0}}), population("D", "iaf_psc_delta", 70000)};
  spec.projections = {projection("p", {all("S")}, {all("D")}, List{edges({0, 1, 1}, {65536, 65537, 1})}, 3.0),
                      projection("q", {all("S")}, {all("D")}, List{edges({0, 1}, {69999, 65535})},
                                 std::vector<double>{1, 2}, std::vector<double>{0.5, 1.0})};
  const auto by = moved(spec);
  for (std::size_t n = 0; n < by.size(); ++n) {
    const double expected = n == 65536 || n == 65537 || n == 1 ? 3 : n == 65535 ? 2 : 0;
    if (n == 69999)
      CHECK(by[n] == Approx(std::exp(-0.05)).margin(1e-8));  // arrived 5 ticks ago
    else if (by[n] != Approx(expected).margin(1e-8))
      FAIL("neuron " << n << " moved by " << by[n]);
  }
}

namespace {

// Sets or unsets RHEO_ISA and puts back what was there.
class WishedIsa {
 public:
  explicit WishedIsa(const char* wish) {
    if (const char* before = std::getenv("RHEO_ISA")) before_ = before;
    set(wish);
  }
  ~WishedIsa() { set(before_ ? before_->c_str() : nullptr); }
  WishedIsa(const WishedIsa&) = delete;

 private:
  static void set(const char* value) {
    if (value == nullptr)
      unsetenv("RHEO_ISA");
    else
      setenv("RHEO_ISA", value, 1);
  }
  std::optional<std::string> before_;
};

struct Recorder final : rheo::SpikeSink {
  std::vector<std::pair<Tick, rheo::NeuronId>> spikes;
  void take(const rheo::SpikeBatch& batch) override {
    for (std::size_t k = 0; k < batch.ticks(); ++k)
      for (const rheo::NeuronId neuron : batch.at(k)) spikes.emplace_back(batch.tick(k), neuron);
  }
};

}  // namespace

TEST_CASE("The instruction set is chosen at run time and changes no spike", "[network]") {
  const auto usable = rheo::usable_isas();
  REQUIRE(!usable.empty());
  CHECK(usable.front() == rheo::Isa::base);
  CHECK(std::is_sorted(usable.begin(), usable.end()));
  const auto chosen = [](const char* wish) {
    const WishedIsa isa(wish);
    return rheo::chosen_isa();
  };
  const auto can = [&](rheo::Isa isa) { return std::count(usable.begin(), usable.end(), isa) != 0; };
  CHECK(chosen(nullptr) == usable.back());
  CHECK(chosen("base") == rheo::Isa::base);
  CHECK(chosen("v3") == (can(rheo::Isa::v3) ? rheo::Isa::v3 : usable.back()));
  CHECK(chosen("v4") == (can(rheo::Isa::v4) ? rheo::Isa::v4 : usable.back()));
  CHECK(chosen("x86-64-v3") == chosen("v3"));
  for (const char* nonsense : {"", "v9", "avx", "-v3"}) CHECK(chosen(nonsense) == usable.back());

  NetworkSpec spec = right();
  spec.populations[0].params["I_e"] = normal(300, 100);
  std::vector<std::pair<Tick, rheo::NeuronId>> first;
  for (const rheo::Isa isa : usable) {
    const WishedIsa wish(isa == rheo::Isa::base ? "base" : isa == rheo::Isa::v3 ? "v3" : "v4");
    Network network(spec, Threads(1));
    Recorder recorder;
    network.simulation().add_sink(recorder);
    network.simulation().run(3000);
    if (first.empty()) first = recorder.spikes;
    CHECK(recorder.spikes.size() > 500);
    CHECK(recorder.spikes == first);
  }
}

}  // namespace test_network
