// Reports: what is sampled, that it changes nothing, that it survives.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "io/h5/h5.hpp"
#include "io/record/state_recorder.hpp"
#include "networks/connect/rules.hpp"
#include "networks/network.hpp"
#include "tests/files.hpp"

namespace test_state_recorder {

using namespace rheo;
using namespace std::chrono_literals;

namespace {

// Two populations that excite and inhibit each other, driven hard enough to spike.
NetworkSpec network(Precision precision, std::uint32_t lanes = 0) {
  NetworkSpec spec;
  spec.precision = precision;
  spec.seed = 5;
  spec.lanes = lanes;
  Distribution start = Uniform{-70, -56};
  for (const char* name : {"E", "I"}) {
    PopulationSpec population;
    population.name = name;
    population.model = "iaf_psc_alpha";
    population.size = name[0] == 'E' ? 80 : 20;
    population.params["I_e"] = 400.0;
    population.initial["V_m"] = start;
    spec.populations.push_back(population);
  }
  ProjectionSpec projection;
  projection.name = "recurrent";
  projection.source = {{.population = "E", .end = {}}, {.population = "I", .end = {}}};
  projection.target = projection.source;
  projection.connect = FixedIndegree{.indegree = 10.0};
  projection.weight = Normal{30, 20};
  projection.delay = Uniform{0.7, 3};
  spec.projections.push_back(projection);
  return spec;
}

RecordStates report(SampleTimes times) {
  return {.name = "states",
          .cells = {{.population = "I", .begin = 3, .end = 20, .step = 4}, {.population = "E", .end = {}}},
          .variables = {"V_m", "I_syn_ex"},
          .files = {"V.h5", "I.h5"},
          .times = times};
}

struct Table {
  std::vector<float> values;
  std::vector<std::uint64_t> shape, ids;
  std::vector<double> time;
};
Table read(const fs::path& file, const std::string& population) {
  const h5::File from = h5::File::open(file.string());
  const h5::Group group = from.group("/report/" + population);
  const h5::Dataset data = group.dataset("data");
  return {data.read<float>(), data.shape(), group.dataset("mapping/node_ids").read<std::uint64_t>(),
          group.dataset("mapping/time").read<double>()};
}

// Runs in pieces with both variables recorded and returns the spikes' number.
struct Counter final : SpikeSink {
  std::vector<NeuronId> all;
  void take(const SpikeBatch& batch) override { all.insert(all.end(), batch.neurons.begin(), batch.neurons.end()); }
};
std::vector<NeuronId> record(const fs::path& directory, const NetworkSpec& spec, SampleTimes times, Tick ticks,
                             Tick piece, unsigned threads, RecordingOptions options = {}) {
  Network network(spec, Threads(threads));
  Simulation& simulation = network.simulation();
  Counter counter;
  simulation.add_sink(counter);
  StateRecorder V(directory, simulation, spec, report(times), 0, options),
      I(directory, simulation, spec, report(times), 1, options);
  simulation.add_probe(V);
  simulation.add_probe(I);
  for (Tick done = 0; done < ticks; done += piece) simulation.run(std::min(piece, ticks - done));
  V.finish();
  I.finish();
  return counter.all;
}

}  // namespace

TEST_CASE("sample times count themselves", "[states]") {
  const SampleTimes times{.first = 7, .every = 3, .end = 20};
  for (Tick from = 0; from < 30; ++from) {
    std::uint64_t expected = 0;
    for (Tick until = from; until < 30; ++until) {
      CHECK(times.count(from, until) == expected);
      expected += times.hold(until) ? 1 : 0;
    }
  }
  CHECK(SampleTimes{}.count(0, 1000) == 1000);
  CHECK(SampleTimes{.first = 5, .every = 1, .end = 5}.count(0, 100) == 0);
}

TEST_CASE("a report holds the states of its ticks, of all its neurons", "[states]") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  const Scratch scratch;
  const NetworkSpec spec = network(precision, 3);
  const SampleTimes times =
      GENERATE(SampleTimes{.first = 0, .every = 1, .end = never}, SampleTimes{.first = 4, .every = 7, .end = 260});
  record(scratch.path, spec, times, 300, 300, 2);

  // The same network again, one tick at a time, states read directly.
  Network again(spec, Threads(1));
  Simulation& simulation = again.simulation();
  struct Column {
    std::string file, population, variable;
    std::size_t index;
    std::vector<std::uint32_t> neurons;
    std::vector<float> expected;
  };
  std::vector<std::uint32_t> all(80);
  for (std::uint32_t i = 0; i < 80; ++i) all[i] = i;
  std::vector<Column> columns{{"V.h5", "E", "V_m", 0, all, {}},
                              {"V.h5", "I", "V_m", 1, {3, 7, 11, 15, 19}, {}},
                              {"I.h5", "E", "I_syn_ex", 0, all, {}},
                              {"I.h5", "I", "I_syn_ex", 1, {3, 7, 11, 15, 19}, {}}};
  std::uint64_t rows = 0;
  for (Tick t = 0; t <= 300; ++t) {
    if (t > 0) simulation.run(1);
    if (!times.hold(t)) continue;
    ++rows;
    for (Column& column : columns) {
      const PopulationBlock& block = simulation.population(column.index);
      const auto number = block.find_column(column.variable);
      REQUIRE(number);
      std::vector<double> values(column.neurons.size());
      block.read(*number, t, column.neurons, values.data());
      column.expected.insert(column.expected.end(), values.begin(), values.end());
    }
  }
  CHECK_FALSE(simulation.population(0).find_column("no such"));
  for (const Column& column : columns) {
    CAPTURE(column.file, column.population);
    const Table table = read(scratch.path / column.file, column.population);
    CHECK(table.shape == std::vector<std::uint64_t>{rows, column.neurons.size()});
    CHECK(table.ids == std::vector<std::uint64_t>(column.neurons.begin(), column.neurons.end()));
    CHECK((table.values == column.expected));
    CHECK(table.time == std::vector<double>{tick_to_ms(times.first, 0.1),
                                            tick_to_ms(times.first + static_cast<Tick>(rows) * times.every, 0.1),
                                            tick_to_ms(times.every, 0.1)});
  }
}

TEST_CASE("a report changes no spike, and its bytes depend on nothing but the states", "[states]") {
  const Scratch scratch;
  Network plain(network(Precision::single_), Threads(2));
  Counter expected;
  plain.simulation().add_sink(expected);
  plain.simulation().run(400);
  REQUIRE(expected.all.size() > 150);

  struct Way {
    std::uint32_t lanes;
    unsigned threads;
    Tick piece;
    RecordingOptions options;
  };
  std::vector<std::string> files;
  const SampleTimes times{.first = 2, .every = 3, .end = never};
  for (const Way& way : {Way{1, 1, 400, {}}, Way{16, 4, 7, {.chunk = 1, .flush_interval = 1ms}},
                         Way{5, 2, 1, {.chunk = 1000, .flush_interval = 5ms}}}) {
    const fs::path directory = scratch.path / std::to_string(files.size());
    CHECK((record(directory, network(Precision::single_, way.lanes), times, 400, way.piece, way.threads, way.options) ==
           expected.all));
    files.push_back(bytes_of(directory / "V.h5"));
    if (files.size() == 1) std::this_thread::sleep_for(1100ms);  // object times have a resolution of a second
  }
  CHECK(files[0].size() > 30'000);
  for (const std::string& file : files) CHECK((file == files[0]));
}

TEST_CASE("an unfinished report is recovered with the bytes of a whole one", "[states]") {
  const Scratch scratch;
  const NetworkSpec spec = network(Precision::double_);
  const SampleTimes times{.first = 0, .every = 2, .end = never};
  record(scratch.path / "whole", spec, times, 200, 50, 1);
  const fs::path cut = scratch.path / "cut";
  {
    Network network(spec, Threads(1));
    StateRecorder V(cut, network.simulation(), spec, report(times), 0);
    network.simulation().add_probe(V);
    network.simulation().run(200);
    CHECK(unfinished_recordings(cut) == std::vector<fs::path>{cut / "V.h5"});
    CHECK_THROWS_AS(recover_report(cut / "V.h5"), RecordingError);  // still alive
    CHECK_THROWS_AS(StateRecorder(cut, network.simulation(), spec, report(times), 0), RecordingError);
  }
  CHECK_THROWS_AS(
      [&] {
        Network n(spec, Threads(1));
        StateRecorder(cut, n.simulation(), spec, report(times), 0);
      }(),
      RecordingError);
  const ReportSummary summary = recover_report(cut / "V.h5");
  CHECK(summary.rows == 101);
  CHECK(summary.end == 20.2);
  CHECK((bytes_of(cut / "V.h5") == bytes_of(scratch.path / "whole" / "V.h5")));
  CHECK(unfinished_recordings(cut).empty());
  CHECK(std::distance(fs::directory_iterator(cut), fs::directory_iterator()) == 1);
}

TEST_CASE("kill -9 loses no row of a report that was flushed", "[states]") {
  const NetworkSpec spec = network(Precision::single_);
  const SampleTimes times{.first = 0, .every = 1, .end = never};
  const Scratch scratch;
  record(scratch.path / "whole", spec, times, 4000, 4000, 1);
  const Table whole = read(scratch.path / "whole" / "V.h5", "E");
  for (const int wait : {30, 120}) {
    CAPTURE(wait);
    const fs::path cut = scratch.path / std::to_string(wait);
    const int status = in_child(
        [&] {
          Network network(spec, Threads(1));
          StateRecorder V(cut, network.simulation(), spec, report(times), 0, {.chunk = 64, .flush_interval = 10ms});
          network.simulation().add_probe(V);
          for (int k = 0; k < 4000; k += 10) {
            network.simulation().run(10);
            std::this_thread::sleep_for(1ms);
          }
          std::this_thread::sleep_for(1h);
          return 0;
        },
        [&](pid_t child) {
          CHECK(comes_true([&] { return flushed_rows(cut / "V.h5.part", "/report/E/data") > 0; }));
          std::this_thread::sleep_for(std::chrono::milliseconds(wait));
          ::kill(child, SIGKILL);
        });
    REQUIRE(WIFSIGNALED(status));
    const ReportSummary summary = recover_report(cut / "V.h5");
    CHECK(summary.rows > 0);
    CHECK(summary.rows < 4001);
    const Table found = read(cut / "V.h5", "E");
    REQUIRE(found.values.size() == summary.rows * 80);
    CHECK(std::equal(found.values.begin(), found.values.end(), whole.values.begin()));
  }
}

TEST_CASE("a disk that is full ends a report with a message and keeps its rows", "[states]") {
  const Scratch scratch;
  const NetworkSpec spec = network(Precision::single_);
  const SampleTimes times{.first = 0, .every = 1, .end = never};
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{300'000, 300'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Network network(spec, Threads(1));
    StateRecorder V(scratch.path, network.simulation(), spec, report(times), 0, {.chunk = 64, .flush_interval = 5ms});
    network.simulation().add_probe(V);
    try {
      network.simulation().run(10'000);
      V.finish();
    } catch (const RecordingError& error) {
      return std::string(error.what()).find("File too large") != std::string::npos ? 0 : 4;
    }
    return 2;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  const ReportSummary summary = recover_report(scratch.path / "V.h5");
  CHECK(summary.rows > 100);
  const Table found = read(scratch.path / "V.h5", "E");
  record(scratch.path / "whole", spec, times, static_cast<Tick>(summary.rows) + 10, 1000, 1);
  const Table whole = read(scratch.path / "whole" / "V.h5", "E");
  CHECK(std::equal(found.values.begin(), found.values.end(), whole.values.begin()));
}

TEST_CASE("reports of what is not there are refused", "[states]") {
  const Scratch scratch;
  const NetworkSpec spec = network(Precision::single_);
  Network network(spec, Threads(1));
  const auto refused = [&](const std::function<void(RecordStates&)>& change) {
    RecordStates wrong = report({});
    change(wrong);
    CHECK_THROWS_AS(StateRecorder(scratch.path / "none", network.simulation(), spec, wrong, 0), RecordingError);
  };
  refused([](RecordStates& r) { r.variables[0] = "W_m"; });
  refused([](RecordStates& r) { r.cells = {{.population = "F", .end = {}}}; });
  refused([](RecordStates& r) { r.cells[1].end = 81; });
  CHECK_FALSE(fs::exists(scratch.path / "none"));
  CHECK_THROWS_AS(StateRecorder("/proc/nowhere", network.simulation(), spec, report({}), 0), RecordingError);
  std::ofstream(scratch.path / "V.h5.part") << "rubbish";
  CHECK_THROWS_AS(recover_report(scratch.path / "V.h5"), RecordingError);
  CHECK(unfinished_recordings(scratch.path) == std::vector<fs::path>{scratch / "V.h5"});  // perhaps ours, and damaged
}

}  // namespace test_state_recorder
