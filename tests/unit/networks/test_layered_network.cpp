// Networks in layers that see many samples side by side: their spikes are those of a Network, whatever the batch, the
// threads and the instruction set.
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/layers/layered_learning.hpp"
#include "networks/layers/layered_network.hpp"
#include "networks/network.hpp"

namespace test_layered_network {

namespace {

using rheo::LayeredNetwork;
using rheo::LayeredSpec;
using rheo::NetworkSpec;
using rheo::Threads;
using rheo::Tick;

constexpr std::size_t inputs = 30, outputs = 5;

NetworkSpec two_layers() {
  NetworkSpec spec;
  spec.dt = 1;
  spec.seed = 7;
  for (const auto& [name, size] : {std::pair{"first", 60u}, std::pair{"second", 45u}}) {
    rheo::PopulationSpec population;
    population.name = name;
    population.model = "lif_discrete";
    population.size = size;
    const rheo::Distribution spread = rheo::Uniform{1.5, 4};
    population.params = {{"tau_m", spread}, {"V_th", 0.8}};
    spec.populations.push_back(population);
  }
  return spec;
}

LayeredSpec layered(std::uint32_t batch = 8) {
  LayeredSpec spec;
  spec.layers = {"first", "second"};
  spec.inputs = inputs;
  spec.outputs = outputs;
  spec.batch = batch;
  return spec;
}

std::vector<float> random_samples(std::size_t count, double size = 1.5) {
  rheo::RandomStream stream(rheo::random_key(5, "samples", "test"), 0);
  std::vector<float> x(count * inputs);
  for (float& one : x) one = static_cast<float>(stream.normal(0, size));
  return x;
}

// Neurons of a layer that spiked, by (sample, step).
using Spikes = std::map<std::pair<std::size_t, std::size_t>, std::vector<std::uint32_t>>;
Spikes spikes_of(const LayeredNetwork& network, std::size_t layer) {
  Spikes found;
  const rheo::GroupedOnes ones = network.spikes(layer);
  for (std::size_t sample = 0; sample < network.count(); ++sample)
    for (std::size_t step = 0; step < network.spec().steps; ++step) {
      std::vector<std::uint32_t>& neurons = found[{sample, step}];
      for (std::size_t e = 0; e < ones.entries[sample]; ++e)
        if (ones.has(sample, e, step)) neurons.push_back(ones.columns[sample * ones.stride + e]);
    }
  return found;
}

std::size_t count_of(const Spikes& spikes) {
  std::size_t n = 0;
  for (const auto& [where, neurons] : spikes) n += neurons.size();
  return n;
}

struct Collect : rheo::SpikeSink {
  std::map<Tick, std::vector<rheo::NeuronId>> at;
  void take(const rheo::SpikeBatch& batch) override {
    for (std::size_t k = 0; k < batch.ticks(); ++k) at[batch.tick(k)] = {batch.at(k).begin(), batch.at(k).end()};
  }
};

}  // namespace

TEST_CASE("a presentation is what a Network of the same populations and projections does", "[layered]") {
  NetworkSpec spec = two_layers();
  LayeredNetwork layers(spec, layered(), Threads(2));
  const std::vector<float> x = random_samples(4);
  layers.present(x, 4, false);
  const Spikes first = spikes_of(layers, 0), second = spikes_of(layers, 1);
  CHECK(count_of(first) > 100);
  CHECK(count_of(second) > 20);

  const std::size_t n = layers.size(0), m = layers.size(1);
  auto edges = std::make_shared<rheo::EdgeList>();
  std::vector<double> weights;
  for (std::uint32_t i = 0; i < n; ++i)
    for (std::uint32_t j = 0; j < m; ++j) {
      edges->source.push_back(i);
      edges->target.push_back(j);
      weights.push_back(static_cast<double>(layers.weights(1)[i * m + j]));
    }
  rheo::ProjectionSpec projection;
  projection.name = "forward";
  projection.source = {{.population = "first", .end = {}}};
  projection.target = {{.population = "second", .end = {}}};
  projection.connect = rheo::List{edges};
  projection.weight = weights;
  projection.delay = 1.0;
  projection.port = "in";
  spec.projections = {projection};
  for (std::size_t sample = 0; sample < 4; ++sample) {
    // What a sample brings to each neuron in every step: one spike that everybody hears in each tick.
    std::vector<double> input(n);
    rheo::Product product{Threads(1)};
    std::vector<float> row(n);
    product.multiply(rheo::DenseView::of(x.data() + sample * inputs, 1, inputs),
                     rheo::DenseView::of(layers.weights(0).data(), inputs, n), row.data(), n);
    std::copy(row.begin(), row.end(), input.begin());
    rheo::InputSpec drive;
    drive.name = "sample";
    drive.target = {{.population = "first", .end = {}}};
    auto trains = std::make_shared<rheo::SpikeTrains>();
    for (Tick tick = 1; tick <= 6; ++tick) trains->times.push_back(static_cast<double>(tick));
    trains->begin = {0, trains->times.size()};
    drive.kind = rheo::GivenSpikes{.trains = trains, .weight = input, .port = "in"};
    spec.inputs = {drive};
    rheo::Network network(spec, Threads(1));
    Collect collect;
    network.simulation().add_sink(collect);
    network.simulation().run(7);
    for (std::size_t step = 0; step < 6; ++step) {
      std::vector<rheo::NeuronId> in_first, in_second;
      for (const rheo::NeuronId id : collect.at[static_cast<Tick>(step) + 1])
        if (id < n) in_first.push_back(id);
      for (const rheo::NeuronId id : collect.at[static_cast<Tick>(step) + 2])
        if (id >= n) in_second.push_back(id - static_cast<rheo::NeuronId>(n));
      CHECK(in_first == first.at({sample, step}));
      CHECK(in_second == second.at({sample, step}));
    }
  }
}

TEST_CASE("a sample says the same in any batch", "[layered]") {
  const NetworkSpec spec = two_layers();
  const std::vector<float> x = random_samples(11);
  LayeredNetwork one(spec, layered(1), Threads(1)), many(spec, layered(11), Threads(3));
  many.present(x, 11, true);
  for (std::size_t sample = 0; sample < 11; ++sample) {
    one.present({x.data() + sample * inputs, inputs}, 1, true);
    for (std::size_t layer = 0; layer < 2; ++layer)
      for (std::size_t step = 0; step < 6; ++step) {
        const std::size_t n = one.size(layer), a = step * n, b = (step * 11 + sample) * n;
        CHECK(std::equal(one.traces(layer).begin() + a, one.traces(layer).begin() + a + n,
                         many.traces(layer).begin() + b));
        CHECK(std::equal(one.post_factors(layer).begin() + a, one.post_factors(layer).begin() + a + n,
                         many.post_factors(layer).begin() + b));
      }
    for (std::size_t step = 0; step < 6; ++step)
      CHECK(std::equal(one.outputs().begin() + step * outputs, one.outputs().begin() + (step + 1) * outputs,
                       many.outputs().begin() + (step * 11 + sample) * outputs));
  }
}

TEST_CASE("few spikes and many are summed alike", "[layered]") {
  const NetworkSpec spec = two_layers();
  for (const double size : {0.3, 40.0}) {
    LayeredNetwork network(spec, layered(), Threads(1));
    const std::vector<float> x = random_samples(8, size);
    network.present(x, 8, false);
    const double share = static_cast<double>(network.spike_count(0)) / static_cast<double>(48 * 60);
    CHECK((size > 1 ? share > 0.4 : share < 0.25));
    CHECK(network.spike_count(0) == count_of(spikes_of(network, 0)));
    const auto weights = std::as_const(network).weights(2);
    for (const auto& [where, neurons] : spikes_of(network, 1))
      for (std::size_t j = 0; j < outputs; ++j) {
        float sum = 0;
        for (const std::uint32_t neuron : neurons) sum += weights[neuron * outputs + j];
        CHECK(network.outputs()[(where.second * 8 + where.first) * outputs + j] == sum);
      }
  }
}

TEST_CASE("learning gives the same bits for any number of threads, and goes on from what was saved", "[layered]") {
  const NetworkSpec spec = two_layers();
  const std::vector<float> x = random_samples(8);
  const std::vector<std::uint8_t> labels{0, 1, 2, 3, 4, 0, 1, 2}, all(outputs, 1);
  const auto bytes_after = [&](unsigned threads, rheo::Feedback feedback, bool saved) {
    auto network = std::make_unique<LayeredNetwork>(spec, layered(), Threads(threads));
    auto learning = std::make_unique<rheo::LayeredLearning>(
        *network, rheo::LayeredLearning::Settings{.learning_rate = 0.5, .feedback = feedback}, 3);
    learning->add_lateral(std::vector<rheo::LateralSubspace::Settings>(3));
    for (auto& lateral : learning->lateral()) lateral.append(4, 1, "a");
    double first = 0, last = 0;
    for (int batch = 0; batch < 20; ++batch) {
      if (batch == 10)
        for (auto& lateral : learning->lateral()) lateral.append(3, 1, "a");
      if (saved && batch == 13) {
        rheo::ByteWriter to;
        network->save(to);
        learning->save(to);
        const auto state = to.take();
        network = std::make_unique<LayeredNetwork>(spec, layered(), Threads(2));
        learning = std::make_unique<rheo::LayeredLearning>(
            *network, rheo::LayeredLearning::Settings{.learning_rate = 0.5, .feedback = feedback}, 3);
        learning->add_lateral(std::vector<rheo::LateralSubspace::Settings>(3));
        rheo::ByteReader from(state);
        network->load(from);
        learning->load(from);
      }
      network->present(x, 8, true);
      last = learning->learn(x, labels, all);
      if (batch == 0) first = last;
    }
    CHECK(last < 0.8 * first);
    rheo::ByteWriter to;
    network->save(to);
    learning->save(to);
    return to.take();
  };
  for (const rheo::Feedback feedback : {rheo::Feedback::symmetric, rheo::Feedback::sign, rheo::Feedback::random}) {
    const auto once = bytes_after(1, feedback, false);
    CHECK(bytes_after(3, feedback, false) == once);
    CHECK(bytes_after(2, feedback, true) == once);
  }
}

TEST_CASE("what cannot be a layer is refused", "[layered]") {
  const auto complaint = [](const NetworkSpec& spec, const LayeredSpec& layers) {
    try {
      LayeredNetwork network(spec, layers, Threads(1));
    } catch (const rheo::BuildError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  NetworkSpec spec = two_layers();
  CHECK(complaint(spec, layered()).empty());
  LayeredSpec layers = layered();
  layers.layers = {"first", "third"};
  CHECK(complaint(spec, layers) ==
        "task.layers = \"third\": there is no such population; expected names of populations");
  spec.populations[1].model = "iaf_psc_delta";
  spec.populations[1].params = {};
  CHECK(complaint(spec, layered()) ==
        "populations.second.model = \"iaf_psc_delta\": a layer needs to know V_m as it was before the reset; expected "
        "\"lif_discrete\"");
  spec = two_layers();
  spec.precision = rheo::Precision::double_;
  CHECK(complaint(spec, layered()) ==
        "simulation.precision = \"double\": layers with batches are computed in single precision; expected \"single\"");
}

TEST_CASE("a potential that is not finite is told", "[layered]") {
  LayeredNetwork network(two_layers(), layered(), Threads(1));
  std::vector<float> x = random_samples(2);
  x[inputs] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(network.present(x, 2, false), rheo::NumericalError);
}

}  // namespace test_layered_network
