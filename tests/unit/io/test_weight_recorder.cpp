// Snapshots of plastic weights: what they hold, that they change nothing, that they survive.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include "io/record/edge_writer.hpp"
#include "io/record/weight_recorder.hpp"
#include "networks/connect/rules.hpp"
#include "tests/files.hpp"

namespace test_weight_recorder {

using namespace rheo;
using namespace std::chrono_literals;

namespace {

Distribution between(double low, double high) {
  return Uniform{low, high};
}

Selection part(std::string population, std::uint32_t begin = 0, std::optional<std::uint32_t> end = {},
               std::uint32_t step = 1) {
  return {.population = std::move(population), .begin = begin, .end = end, .step = step};
}

// Busy neurons; `many` joins pieces of two populations, not in the order of the network, `one` inhibits.
NetworkSpec network(Precision precision, std::uint32_t lanes = 0) {
  NetworkSpec spec;
  spec.precision = precision;
  spec.seed = 5;
  spec.lanes = lanes;
  for (const char* name : {"E", "I"}) {
    PopulationSpec population;
    population.name = name;
    population.model = "iaf_psc_exp";
    population.size = name[0] == 'E' ? 60 : 20;
    population.params["I_e"] = between(400, 900);
    spec.populations.push_back(population);
  }
  ProjectionSpec many;
  many.name = "many";
  many.source = {part("I"), part("E", 25, {}, 2), part("E", 0, 24)};
  many.target = {part("I"), part("E")};
  many.connect = Bernoulli{.p = 0.2};
  many.weight = between(1, 20);
  many.delay = between(0.7, 5);
  many.plasticity = {.rule = "stdp_pair", .params = {{"lambda", 0.2}, {"w_max", 40.0}}};
  ProjectionSpec one;
  one.name = "one";
  one.source = {part("I")};
  one.target = {part("E")};
  one.connect = FixedIndegree{.indegree = 5.0};
  one.weight = between(-30, -1);
  one.plasticity = {.rule = "vogels_sprekeler", .params = {{"eta", 2.0}, {"w_max", 90.0}}};
  spec.projections = {many, one};
  return spec;
}

RecordWeights recording(const std::string& projection, std::vector<SampleTimes> times) {
  return {.name = "w", .projection = projection, .file = projection + ".h5", .variables = {"weight"}, .times = times};
}

struct Counter final : SpikeSink {
  std::vector<NeuronId> all;
  void take(const SpikeBatch& batch) override { all.insert(all.end(), batch.neurons.begin(), batch.neurons.end()); }
};

// All snapshots up to tick `end`; pieces of run() are no longer than `piece`.
void run_with(Network& network, std::vector<WeightRecorder*> recorders, Tick end, Tick piece) {
  Simulation& simulation = network.simulation();
  for (;;) {
    for (WeightRecorder* recorder : recorders)
      if (recorder->next() == simulation.now()) recorder->take();
    if (simulation.now() == end) return;
    Tick border = std::min(end, simulation.now() + piece);
    for (const WeightRecorder* recorder : recorders) border = std::min(border, recorder->next());
    simulation.run(border - simulation.now());
  }
}

template <class T>
std::vector<T> read(const fs::path& file, const std::string& data) {
  return h5::File::open(file.string()).dataset(data).read<T>();
}

const std::vector<SampleTimes> two_times{{.first = 100, .every = 70, .end = 400},
                                         {.first = 310, .every = 200, .end = 601}};
const std::vector<Tick> two_times_ticks{100, 170, 240, 310, 380, 510};

}  // namespace

TEST_CASE("snapshots are due where one of their times is", "[weights]") {
  const Scratch scratch;
  const NetworkSpec spec = network(Precision::single_);
  Network built(spec, Threads(1));
  WeightRecorder recorder(scratch.path, built, spec, recording("one", two_times));
  std::vector<Tick> ticks;
  while (recorder.next() != never) {
    CHECK(recorder.next() >= built.simulation().now());
    built.simulation().run(recorder.next() - built.simulation().now());
    recorder.take();
    ticks.push_back(built.simulation().now());
  }
  CHECK(ticks == two_times_ticks);
  built.simulation().run(90);  // to the end of the last time, which is no snapshot
  CHECK(recorder.next() == never);
  CHECK(recorder.finish().snapshots == 6);
}

TEST_CASE("a snapshot holds the weights of its tick in the order of edges, with their sign", "[weights]") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  const Scratch scratch;
  const NetworkSpec spec = network(precision, 3);
  {
    Network built(spec, Threads(2));
    WeightRecorder many(scratch.path, built, spec, recording("many", two_times)),
        one(scratch.path, built, spec, recording("one", two_times));
    run_with(built, {&many, &one}, 600, 37);
    const SnapshotSummary summary = many.finish();
    CHECK(summary.snapshots == 6);
    CHECK(summary.first == 10);
    CHECK(summary.last == 51);
    one.finish();
  }
  // The same by edge files of networks that were run to these ticks.
  for (const char* projection : {"many", "one"}) {
    const fs::path file = scratch / (std::string(projection) + ".h5");
    const bool is_one = projection[0] == 'o';
    const h5::File snapshots = h5::File::open(file.string());
    CHECK(snapshots.group("/weights").list().size() == (is_one ? 1 : 4));
    Network built(spec, Threads(1));
    for (std::size_t k = 0; k < two_times_ticks.size(); ++k) {
      built.simulation().run(two_times_ticks[k] - built.simulation().now());
      built.simulation().settle();
      const fs::path at = scratch / "at.h5";
      {
        h5::File to = h5::File::create(at.string());
        h5::Group edges = to.create_group("edges");
        std::set<std::string> taken;
        for (const EdgePopulation& pair : edge_populations(built, spec, is_one ? 1 : 0, taken))
          write_edges(edges, built, spec, is_one ? 1 : 0, pair);
      }
      const h5::File edges = h5::File::open(at.string());
      for (const std::string& name : edges.group("/edges").list()) {
        CAPTURE(name, k);
        const h5::Group found = snapshots.group("/weights/" + name), right = edges.group("/edges/" + name);
        const auto weights = right.dataset("0/syn_weight").read<double>();
        REQUIRE(found.dataset("weight").shape() == std::vector<std::uint64_t>{6, weights.size()});
        CHECK(found.dataset("weight").read<double>(k, 1) == weights);
        if (k != 0) {
          CHECK(found.dataset("weight").read<double>(k - 1, 1) != weights);
          continue;
        }
        CHECK(weights.size() > 20);
        if (is_one) CHECK(*std::max_element(weights.begin(), weights.end()) <= 0);
        for (const char* ids : {"source_node_id", "target_node_id"}) {
          CHECK(found.dataset(ids).read<std::uint64_t>() == right.dataset(ids).read<std::uint64_t>());
          CHECK(found.dataset(ids).text_attribute("node_population") ==
                right.dataset(ids).text_attribute("node_population"));
        }
        CHECK(found.dataset("delay").read<double>() == right.dataset("0/delay").read<double>());
        CHECK(found.dataset("time").read<double>() == std::vector<double>{10, 17, 24, 31, 38, 51});
      }
    }
  }
}

TEST_CASE("snapshots change nothing, and are the same bytes however the run is cut, stored and flushed", "[weights]") {
  const Scratch scratch;
  const std::vector<SampleTimes> often{{.first = 0, .every = 9, .end = 601}};
  std::vector<std::byte> expected;
  std::vector<NeuronId> spikes;
  {
    const NetworkSpec spec = network(Precision::single_, 1);
    Network built(spec, Threads(1));
    Counter counter;
    built.simulation().add_sink(counter);
    built.simulation().run(600);
    expected = built.simulation().save();
    spikes = counter.all;
    CHECK(spikes.size() > 300);
  }
  int number = 0;
  std::string bytes;
  for (const std::uint32_t lanes : {1u, 4u}) {
    for (const bool eager : {false, true}) {
      for (const Tick piece : {Tick{600}, Tick{1}, Tick{50}}) {
        CAPTURE(lanes, eager, piece);
        NetworkSpec spec = network(Precision::single_, lanes);
        for (ProjectionSpec& projection : spec.projections) projection.plasticity.eager = eager;
        Network built(spec, Threads(lanes > 1 ? 3 : 1));
        Counter counter;
        built.simulation().add_sink(counter);
        const fs::path folder = scratch / std::to_string(number++);
        const RecordingOptions options =
            piece == 1 ? RecordingOptions{.chunk = 1, .flush_interval = 1ms} : RecordingOptions{};
        WeightRecorder many(folder, built, spec, recording("many", often), options);
        run_with(built, {&many}, 600, piece);
        CHECK((counter.all == spikes));
        CHECK((built.simulation().save() == expected));
        CHECK(many.finish().snapshots == 67);
        if (bytes.empty()) bytes = bytes_of(folder / "many.h5");
        CHECK((bytes_of(folder / "many.h5") == bytes));
        CHECK_FALSE(fs::exists(folder / "many.h5.part"));
      }
    }
  }
}

TEST_CASE("snapshots that were not sealed are recovered, one owner at a time", "[weights]") {
  const Scratch scratch;
  const NetworkSpec spec = network(Precision::single_);
  const std::vector<SampleTimes> times{{.first = 0, .every = 50, .end = never}};
  const auto run = [&](const fs::path& folder, Tick end, bool finish) {
    Network built(spec, Threads(1));
    WeightRecorder recorder(folder, built, spec, recording("many", times));
    run_with(built, {&recorder}, end, 1000);
    if (finish) {
      recorder.finish();
      return;
    }
    CHECK_THROWS_AS(recover_snapshots(folder / "many.h5"), RecordingError);  // still alive
    CHECK_THROWS_AS(WeightRecorder(folder, built, spec, recording("many", times)), RecordingError);
  };
  run(scratch / "whole", 200, true);
  const fs::path cut = scratch / "cut";
  run(cut, 200, false);
  CHECK(unfinished_recordings(cut) == std::vector<fs::path>{cut / "many.h5"});
  CHECK_THROWS_AS(run(cut, 200, true), RecordingError);  // would destroy what the first left
  const SnapshotSummary summary = recover_snapshots(cut / "many.h5");
  CHECK(summary.snapshots == 5);
  CHECK(summary.last == 20);
  CHECK((bytes_of(cut / "many.h5") == bytes_of(scratch / "whole" / "many.h5")));
  CHECK(unfinished_recordings(cut).empty());
}

TEST_CASE("kill -9 loses no snapshot that was flushed", "[weights]") {
  const Scratch scratch;
  const NetworkSpec spec = network(Precision::double_);
  const std::vector<SampleTimes> times{{.first = 0, .every = 10, .end = never}};
  const fs::path cut = scratch / "cut";
  const int status = in_child(
      [&] {
        Network built(spec, Threads(1));
        WeightRecorder recorder(cut, built, spec, recording("many", times), {.chunk = 1, .flush_interval = 10ms});
        for (Tick end = 0; end < 4000; end += 20) {
          run_with(built, {&recorder}, end, 1000);
          std::this_thread::sleep_for(2ms);
        }
        std::this_thread::sleep_for(1h);
        return 0;
      },
      [&](pid_t child) {
        CHECK(comes_true([&] { return flushed_rows(cut / "many.h5.part", "/rows") > 3; }));
        ::kill(child, SIGKILL);
      });
  REQUIRE(WIFSIGNALED(status));
  const std::uint64_t flushed =
      whole_rows(h5::File::open((cut / "many.h5.part").string(), h5::File::Access::sealed_or_live).dataset("/rows"));
  const SnapshotSummary summary = recover_snapshots(cut / "many.h5");
  CHECK(summary.snapshots == flushed);
  REQUIRE(summary.snapshots > 3);
  Network built(spec, Threads(1));
  WeightRecorder recorder(scratch / "whole", built, spec, recording("many", times));
  run_with(built, {&recorder}, static_cast<Tick>(summary.snapshots - 1) * 10, 1000);
  recorder.finish();
  CHECK((bytes_of(cut / "many.h5") == bytes_of(scratch / "whole" / "many.h5")));
}

TEST_CASE("a disk that is full ends snapshots with a message and keeps those before", "[weights]") {
  const Scratch scratch;
  const NetworkSpec spec = network(Precision::single_);
  const std::vector<SampleTimes> times{{.first = 0, .every = 1, .end = never}};
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1'500'000, 1'500'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Network built(spec, Threads(1));
    WeightRecorder recorder(scratch.path, built, spec, recording("many", times), {.chunk = 1, .flush_interval = 5ms});
    try {
      run_with(built, {&recorder}, 5000, 1000);
      recorder.finish();
    } catch (const RecordingError& error) {
      return std::string(error.what()).find("File too large") != std::string::npos ? 0 : 4;
    }
    return 2;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  const SnapshotSummary summary = recover_snapshots(scratch / "many.h5");
  CHECK(summary.snapshots > 10);
  Network built(spec, Threads(1));
  WeightRecorder recorder(scratch / "whole", built, spec, recording("many", times));
  run_with(built, {&recorder}, static_cast<Tick>(summary.snapshots) - 1, 1000);
  recorder.finish();
  CHECK((bytes_of(scratch / "many.h5") == bytes_of(scratch / "whole" / "many.h5")));
}

TEST_CASE("snapshots of what is not there are refused, a projection without synapses has none", "[weights]") {
  const Scratch scratch;
  NetworkSpec spec = network(Precision::single_);
  spec.projections[0].connect = Bernoulli{.p = 0};
  spec.projections[1].plasticity = {};
  Network built(spec, Threads(1));
  const std::vector<SampleTimes> times{{.first = 0, .every = 1, .end = never}};
  const auto refused = [&](const RecordWeights& record) {
    CHECK_THROWS_AS(WeightRecorder(scratch / "none", built, spec, record), RecordingError);
  };
  refused(recording("nobody", times));
  refused(recording("one", times));  // static
  RecordWeights wrong = recording("many", times);
  wrong.variables = {"height"};
  refused(wrong);
  CHECK_FALSE(fs::exists(scratch / "none"));
  WeightRecorder empty(scratch.path, built, spec, recording("many", times));
  run_with(built, {&empty}, 3, 1);
  CHECK(empty.finish().snapshots == 4);
  CHECK(h5::File::open((scratch / "many.h5").string()).group("/weights").list().empty());
  std::ofstream(scratch / "V.h5.part") << "rubbish";
  CHECK_THROWS_AS(recover_snapshots(scratch / "V.h5"), RecordingError);
  CHECK(unfinished_recordings(scratch.path) == std::vector<fs::path>{scratch / "V.h5"});  // perhaps ours, and damaged
}

}  // namespace test_weight_recorder
