#include "networks/layered_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/random.hpp"
#include "networks/complaints.hpp"
#include "networks/population_plan.hpp"
#include "neurons/lif_discrete.hpp"
#include "plasticity/eligibility.hpp"

namespace rheo {

namespace {

constexpr std::size_t samples_at_once = 4;  // one item of parallel work

using Model = LifDiscrete<float>;

std::vector<double> of_every_neuron(const PopulationPlan& plan, const char* name, double otherwise) {
  const auto found = plan.params.find(name);
  if (found == plan.params.end()) return std::vector<double>(plan.size, otherwise);
  if (found->second.size() == 1) return std::vector<double>(plan.size, found->second[0]);
  return found->second;
}

void repeat(std::map<std::string, std::vector<double>>& all, std::size_t times) {
  for (auto& [name, values] : all) {
    if (values.size() == 1) continue;
    const std::size_t n = values.size();
    values.resize(n * times);
    for (std::size_t k = 1; k < times; ++k) std::copy_n(values.begin(), n, values.begin() + k * n);
  }
}

}  // namespace

LayeredNetwork::LayeredNetwork(const NetworkSpec& network, const LayeredSpec& spec, Threads threads)
    : spec_(spec), product_(std::move(threads)) {
  if (network.precision != Precision::single_)
    refuse("simulation.precision", "\"double\"", "layers with batches are computed in single precision", "\"single\"");
  for (std::size_t l = 0; l < spec.layers.size(); ++l) layers_.push_back(build_layer(network, spec.layers[l], l));
  for (std::size_t p = 0; p < projections(); ++p) {
    const std::size_t n = sources(p), m = targets(p);
    weights_.emplace_back(n * m);
    const double most = 1 / std::sqrt(static_cast<double>(n));
    const RandomKey key = random_key(network.seed, p == layers_.size() ? "output" : layers_[p].name, "weights");
    for (std::size_t i = 0; i < n; ++i) {
      RandomStream stream(key, static_cast<std::uint32_t>(i));
      for (std::size_t j = 0; j < m; ++j) weights_[p][i * m + j] = static_cast<float>(stream.uniform(-most, most));
    }
  }
  outputs_ = AlignedColumn<float>(std::size_t{spec_.steps} * spec_.batch * spec_.outputs);
}

LayeredNetwork::Layer LayeredNetwork::build_layer(const NetworkSpec& network, const std::string& name,
                                                  std::size_t index) {
  const auto population = std::find_if(network.populations.begin(), network.populations.end(),
                                       [&](const PopulationSpec& p) { return p.name == name; });
  if (population == network.populations.end())
    refuse("task.layers", '"' + name + '"', "there is no such population", "names of populations");
  if (population->model != Model::name)
    refuse("populations." + name + ".model", '"' + population->model + '"',
           "a layer needs to know V_m as it was before the reset", fmt::format("\"{}\"", Model::name));
  const ModelInfo& info = *find_neuron_model(population->model);
  PopulationPlan plan = plan_population(network, *population, info, product_.isa());

  Layer layer;
  layer.name = name;
  layer.size = plan.size;
  const Model::Params defaults;
  const auto tau_m = of_every_neuron(plan, "tau_m", defaults.tau_m), E_L = of_every_neuron(plan, "E_L", defaults.E_L),
             V_th = of_every_neuron(plan, "V_th", defaults.V_th);
  for (std::size_t i = 0; i < layer.size; ++i) {
    const Model::Step step = Model::prepare({.tau_m = tau_m[i], .E_L = E_L[i], .V_th = V_th[i]}, network.dt);
    layer.decay.push_back(step.decay);
    layer.V_th.push_back(step.V_th);
    layer.reset.push_back(step.reset);
  }
  const std::size_t neurons = layer.size * spec_.batch, rows = neurons * spec_.steps;
  if (neurons > 0xffffffffu)
    refuse("task.batch", fmt::format("{}", spec_.batch), "too many neurons side by side", "a smaller batch");
  plan.size = static_cast<std::uint32_t>(neurons);
  repeat(plan.params, spec_.batch);
  repeat(plan.initial, spec_.batch);
  layer.block = below("populations." + name, [&] { return make_population(plan); });
  layer.neurons = dynamic_cast<TickBlock*>(layer.block.get());
  ByteWriter rest;
  layer.block->save(rest);
  layer.rest = rest.take();
  layer.input = AlignedColumn<float>(index == 0 ? neurons : rows);  // the same in every step of the first layer
  layer.trace = AlignedColumn<float>(rows);
  layer.post = AlignedColumn<float>(rows);
  layer.fired = AlignedColumn<std::uint8_t>(neurons);
  return layer;
}

void LayeredNetwork::present(std::span<const float> samples, std::size_t count, bool with_traces) {
  count_ = count;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    if (l == 0)
      product_.multiply(DenseView::of(samples.data(), count, spec_.inputs),
                        DenseView::of(weights_[0].data(), spec_.inputs, layer.size), layer.input.data(), layer.size);
    else
      feed(l, layer.input.data());
    advance(layer, l == 0, with_traces);
  }
  feed(layers_.size(), outputs_.data());
}

// What the spikes of the layer before bring to each of the projection's targets, row by row.
void LayeredNetwork::feed(std::size_t projection, float* to) {
  const Layer& from = layers_[projection - 1];
  const OnesView ones = spikes(projection - 1);
  const std::size_t m = targets(projection);
  const DenseView weights = DenseView::of(weights_[projection].data(), from.size, m);
  // A spike costs about as much as three numbers of the product of full matrices; the sums are the same.
  if (ones.columns.size() * 10 < rows() * from.size * 3) {
    product_.multiply(ones, weights, to, m);
    return;
  }
  if (written_out_.size() < rows() * from.size) written_out_ = AlignedColumn<float>(rows() * from.size);
  std::fill_n(written_out_.data(), rows() * from.size, 0.0f);
  for (std::size_t row = 0; row < rows(); ++row)
    for (std::size_t k = ones.begin[row]; k < ones.begin[row + 1]; ++k)
      written_out_[row * from.size + ones.columns[k]] = 1;
  product_.multiply(DenseView::of(written_out_.data(), rows(), from.size), weights, to, m);
}

void LayeredNetwork::advance(Layer& layer, bool same_input, bool with_traces) {
  const std::size_t n = layer.size, row_size = count_ * n, items = (count_ + samples_at_once - 1) / samples_at_once;
  ByteReader rest(layer.rest);
  layer.block->load(rest);
  const std::span<const float> V_m = layer.block->view(*layer.block->find_column("V_m"));
  std::vector<std::vector<SpikeList>> fired(items, std::vector<SpikeList>(spec_.steps));  // [item][step]
  product_.threads().for_each(items, [&](std::size_t item) {
    const std::size_t first = item * samples_at_once, end = std::min(count_, first + samples_at_once);
    for (std::uint32_t step = 0; step < spec_.steps; ++step) {
      const std::size_t at = step * row_size + first * n;
      SpikeList& spikes = fired[item][step];
      layer.neurons->advance(step + 1, static_cast<std::uint32_t>(first * n), static_cast<std::uint32_t>(end * n),
                             layer.input.data() + (same_input ? first * n : at), 0, spikes);
      if (!with_traces) continue;
      std::uint8_t* const marks = layer.fired.data() + first * n;
      std::memset(marks, 0, (end - first) * n);
      for (const NeuronId neuron : spikes.neurons) layer.fired[neuron] = 1;
      for (std::size_t sample = first; sample < end; ++sample) {
        const std::size_t to = step * row_size + sample * n;
        update_eligibility(product_.isa(), {.n = n,
                                            .V_m = V_m.data() + sample * n,
                                            .fired = layer.fired.data() + sample * n,
                                            .decay = layer.decay.data(),
                                            .V_th = layer.V_th.data(),
                                            .reset = layer.reset.data(),
                                            .slope = static_cast<float>(spec_.slope),
                                            .trace_before = step == 0 ? nullptr : layer.trace.data() + to - row_size,
                                            .trace = layer.trace.data() + to,
                                            .post = layer.post.data() + to});
      }
    }
  });
  const std::uint32_t neurons = static_cast<std::uint32_t>(row_size);
  if (const std::uint32_t broken = layer.neurons->first_non_finite(0, neurons); broken < neurons)
    throw NumericalError({.file = {},
                          .key = fmt::format("{}[{}]", layer.name, broken % n),
                          .value = {},
                          .problem = "V_m is not finite after a presentation",
                          .expected = "finite samples and weights: check learning_rate",
                          .suggestion = {}});

  // Where the spikes of each row begin, and then the spikes: those of an item are in order already.
  layer.begin.assign(spec_.steps * count_ + 1, 0);
  product_.threads().for_each(items, [&](std::size_t item) {
    for (std::uint32_t step = 0; step < spec_.steps; ++step) {
      const std::vector<NeuronId>& spikes = fired[item][step].neurons;
      auto from = spikes.begin();
      for (std::size_t sample = item * samples_at_once; from != spikes.end(); ++sample) {
        const auto end = std::lower_bound(from, spikes.end(), static_cast<NeuronId>((sample + 1) * n));
        layer.begin[step * count_ + sample + 1] = static_cast<std::uint32_t>(end - from);
        from = end;
      }
    }
  });
  for (std::size_t row = 1; row < layer.begin.size(); ++row) layer.begin[row] += layer.begin[row - 1];
  layer.columns.resize(layer.begin.back());
  product_.threads().for_each(items, [&](std::size_t item) {
    for (std::uint32_t step = 0; step < spec_.steps; ++step) {
      const std::size_t first = item * samples_at_once, end = std::min(count_, first + samples_at_once);
      const NeuronId* from = fired[item][step].neurons.data();
      for (std::size_t sample = first; sample < end; ++sample) {
        const std::size_t row = step * count_ + sample, spikes = layer.begin[row + 1] - layer.begin[row];
        std::uint32_t* const to = layer.columns.data() + layer.begin[row];
        for (std::size_t k = 0; k < spikes; ++k) to[k] = from[k] - static_cast<std::uint32_t>(sample * n);
        from += spikes;
      }
    }
  });
}

OnesView LayeredNetwork::spikes(std::size_t layer) const {
  return {layers_[layer].begin, layers_[layer].columns};
}
std::span<const float> LayeredNetwork::traces(std::size_t layer) const {
  return {layers_[layer].trace.data(), rows() * layers_[layer].size};
}
std::span<const float> LayeredNetwork::post_factors(std::size_t layer) const {
  return {layers_[layer].post.data(), rows() * layers_[layer].size};
}

std::size_t LayeredNetwork::bytes() const {
  std::size_t sum = outputs_.bytes() + written_out_.bytes();
  for (const auto& weights : weights_) sum += weights.bytes();
  for (const Layer& layer : layers_)
    sum += layer.block->bytes() + layer.rest.size() + layer.input.bytes() + layer.trace.bytes() + layer.post.bytes() +
           layer.fired.bytes();
  return sum;
}

void LayeredNetwork::save(ByteWriter& to) const {
  for (const auto& weights : weights_) to.put("weights", weights.span());
}
void LayeredNetwork::load(ByteReader& from) {
  for (auto& weights : weights_) from.get("weights", weights.span());
}

}  // namespace rheo
