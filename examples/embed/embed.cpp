// A network inside another program: built from values, run in pieces, its spikes and weights read in between.
#include <cstdio>
#include <vector>

#include "core/time.hpp"
#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"

// Counts what comes by; a sink sees every window's spikes, by time and neuron.
struct Counter : rheo::SpikeSink {
  void take(const rheo::SpikeBatch& batch) override { spikes += batch.neurons.size(); }
  std::size_t spikes = 0;
};

int main() {
  rheo::NetworkSpec spec;
  spec.seed = 7;
  spec.populations.resize(1);
  spec.populations[0].name = "E";
  spec.populations[0].model = "izhikevich";
  spec.populations[0].size = 1000;
  spec.populations[0].params["d"] = rheo::Uniform{2, 8};
  spec.inputs.resize(1);
  spec.inputs[0] = {
      .name = "noise", .kind = rheo::NoiseCurrent{.mean = 4.0, .deviation = 15.0}, .target = {{.population = "E"}}};
  spec.projections.resize(1);
  spec.projections[0].name = "recurrent";
  spec.projections[0].source = spec.projections[0].target = {{.population = "E"}};
  spec.projections[0].connect = rheo::Bernoulli{.p = 0.1};
  spec.projections[0].weight = rheo::Uniform{0, 0.5};
  spec.projections[0].delay = rheo::Uniform{1, 20};

  rheo::Network network(spec, rheo::Threads());
  Counter counter;
  network.simulation().add_sink(counter);
  for (int piece = 1; piece <= 5; ++piece) {
    network.simulation().run(rheo::ms_to_tick_nearest(100, spec.dt));
    std::printf("%g ms: %zu spikes\n", network.simulation().now() * spec.dt, counter.spikes);
  }

  std::vector<rheo::Synapse> synapses;
  for (rheo::NeuronId source = 0; source < 1000; ++source) network.outgoing(0, source, synapses);
  double sum = 0;
  for (const rheo::Synapse& synapse : synapses) sum += synapse.weight;
  std::printf("%zu synapses, mean weight %.4f\n", synapses.size(), sum / static_cast<double>(synapses.size()));
}
