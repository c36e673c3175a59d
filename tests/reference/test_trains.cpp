// The lines of the tables of docs/trains.md, run: the engine gives the weights that the page works out by hand.
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <sstream>

#include "tests/files.hpp"
#include "tests/property/network_runs.hpp"

namespace test_trains {

using namespace runs;

namespace {

struct Train {
  std::string rule;
  std::map<std::string, double> params;      // of its section, and the weight at the start
  std::map<std::string, std::string> cells;  // by the heading of their column
};

std::vector<std::string> parts_of(const std::string& text, char between) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, between);) {
    const std::size_t begin = std::min(part.find_first_not_of(' '), part.size());
    parts.push_back(part.substr(begin, part.find_last_not_of(' ') + 1 - begin));
  }
  return parts;
}

// "1, 2; 3": a list for each neuron; "-" has no numbers.
std::vector<std::vector<double>> lists_of(const std::string& text) {
  std::vector<std::vector<double>> lists;
  for (const std::string& list : parts_of(text, ';')) {
    lists.emplace_back();
    for (const std::string& number : parts_of(list, ','))
      if (number != "-") lists.back().push_back(std::stod(number));
  }
  return lists;
}

std::vector<Train> trains_of(const std::string& page) {
  std::vector<Train> trains;
  Train section;
  std::vector<std::string> headings;
  for (const std::string& line : parts_of(page, '\n')) {
    if (line.rfind("## ", 0) == 0) {
      section = {line.substr(3, line.find(',') - 3), {}, {}};
      headings.clear();
    } else if (line.rfind("|--", 0) == 0) {
      continue;
    } else if (line.rfind("| ", 0) == 0) {
      const std::vector<std::string> cells = parts_of(line.substr(1), '|');
      if (headings.empty()) {
        headings = cells;
        continue;
      }
      REQUIRE(cells.size() == headings.size());
      for (std::size_t i = 0; i < cells.size(); ++i) section.cells[headings[i]] = cells[i];
      trains.push_back(section);
    } else {
      const std::vector<std::string> parts = parts_of(line, '`');  // every other one is code
      for (std::size_t i = 1; i < parts.size(); i += 2)
        if (const std::size_t at = parts[i].find(" = "); at != std::string::npos)
          section.params[parts[i].substr(0, at)] = std::stod(parts[i].substr(at + 3));
    }
  }
  return trains;
}

// "error 2 at 15, gate 0.5 from 10"
std::vector<SignalSpec> signals_of(const std::string& text) {
  std::map<std::string, std::pair<PulseSignal, bool>> signals;  // and whether they are pulses
  for (const std::string& step : parts_of(text, ',')) {
    std::istringstream words(step);
    std::string name, word;
    words >> name;
    auto& [signal, pulses] = signals[name];
    TimedValues& values = signal.values;
    for (values.width = 0; words >> word && word != "at" && word != "from"; ++values.width)
      values.values.push_back(std::stod(word));
    pulses = word == "at";
    words >> signal.times.emplace_back();
  }
  std::vector<SignalSpec> all;
  for (const auto& [name, signal] : signals) {
    const PulseSignal& table = signal.first;
    if (signal.second)
      all.push_back({.name = name, .kind = table});
    else
      all.push_back({.name = name, .kind = StepSignal{.times = table.times, .values = table.values}});
  }
  return all;
}

std::shared_ptr<const SpikeTrains> spikes_of(const std::string& text, std::size_t neurons) {
  auto spikes = std::make_shared<SpikeTrains>();
  std::vector<std::vector<double>> lists = lists_of(text);
  lists.resize(neurons);
  spikes->begin = {0};
  for (const std::vector<double>& list : lists) {
    spikes->times.insert(spikes->times.end(), list.begin(), list.end());
    spikes->begin.push_back(spikes->times.size());
  }
  return spikes;
}

// Targets only add up what they are sent, but for strong input that makes them spike.
NetworkSpec network_of(Train train, bool eager) {
  std::vector<std::vector<double>> weights{{train.params["weight"]}};
  train.params.erase("weight");
  if (train.cells.count("before") != 0) weights = lists_of(train.cells["before"]);
  EdgeList edges;
  std::vector<double> each;
  for (std::uint32_t target = 0; target < weights.size(); ++target)
    for (std::uint32_t source = 0; source < weights[target].size(); ++source) {
      edges.source.push_back(source);
      edges.target.push_back(target);
      each.push_back(weights[target][source]);
    }

  NetworkSpec spec;
  spec.precision = Precision::double_;
  const std::size_t sources = weights[0].size(), targets = weights.size();
  spec.populations = {{.name = "S",
                       .model = "spike_source",
                       .size = static_cast<std::uint32_t>(sources),
                       .params = {},
                       .options = {},
                       .initial = {},
                       .trains = spikes_of(train.cells["source spikes"], sources)},
                      {.name = "N",
                       .model = "iaf_psc_delta",
                       .size = static_cast<std::uint32_t>(targets),
                       .params = {{"tau_m", 1e12}},
                       .options = {},
                       .initial = {},
                       .trains = {}}};
  spec.projections = {{.name = "p",
                       .source = {all_of("S")},
                       .target = {all_of("N")},
                       .connect = List{std::make_shared<EdgeList>(edges)},
                       .weight = each,
                       .port = {},
                       .plasticity = {.rule = train.rule, .eager = eager}}};
  for (const auto& [name, value] : train.params) spec.projections[0].plasticity.params[name] = value;
  spec.inputs = {{.name = "strong",
                  .kind = GivenSpikes{.trains = spikes_of(train.cells["target spikes"], targets), .weight = 100.0},
                  .target = {all_of("N")}}};
  spec.signals = signals_of(train.cells["signals"]);
  return spec;
}

void check(Train train, bool eager) {
  Network network(network_of(train, eager), Threads(1));
  std::vector<double> sent;
  double V_m = -70, before = 0;  // E_L
  const std::uint32_t neuron = 0;
  for (Tick t = 1; t <= 500; ++t) {
    network.simulation().run(1);
    before = V_m;
    network.simulation().population(1).read(0, t, {&neuron, 1}, &V_m);
    if (std::abs(V_m - before) > 1e-9) sent.push_back(V_m - before);
  }
  network.simulation().settle();
  std::vector<double> expected, found;
  if (train.cells.count("sent") != 0) {
    expected = lists_of(train.cells["sent"])[0];
    found = sent;
    const std::vector<double> u = lists_of(train.cells["u"])[0], x = lists_of(train.cells["x"])[0];
    REQUIRE(u.size() == expected.size());
    REQUIRE(x.size() == expected.size());
    for (std::size_t i = 0; i < u.size(); ++i)
      CHECK(train.params["weight"] * u[i] * x[i] == Approx(expected[i]).epsilon(0).margin(3e-6));
  } else {
    for (const std::vector<double>& row : lists_of(train.cells["weight"]))
      expected.insert(expected.end(), row.begin(), row.end());
    found.resize(expected.size());
    const NeuronId sources = static_cast<NeuronId>(lists_of(train.cells["weight"])[0].size());
    std::vector<Synapse> all;
    for (NeuronId source = 0; source < sources; ++source) network.outgoing(0, source, all);
    REQUIRE(all.size() == expected.size());
    for (const Synapse& synapse : all) found[(synapse.target - sources) * sources + synapse.source] = synapse.weight;
  }
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).epsilon(0).margin(5.1e-7));
}

}  // namespace

TEST_CASE("trains by hand: the engine gives the weights of docs/trains.md") {
  std::map<std::string, std::size_t> lines;
  for (const Train& train : trains_of(bytes_of(RHEO_SOURCE_DIR "/docs/trains.md"))) {
    INFO(train.rule << ": " << train.cells.at("working"));
    ++lines[train.rule];
    check(train, false);
    check(train, true);
  }
  const RuleLibrary library;
  for (const Rule& rule : library.rules()) {
    INFO(rule.name);
    CHECK(lines[rule.name] >= 3);
  }
}

}  // namespace test_trains
