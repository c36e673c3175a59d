#include "networks/layers/layered_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "networks/population_plan.hpp"
#include "neurons/models/lif_discrete.hpp"
#include "neurons/population.hpp"
#include "plasticity/layers/eligibility.hpp"

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
    reject("simulation.precision", "\"double\"", "layers with batches are computed in single precision", "\"single\"");
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
    reject("task.layers", '"' + name + '"', "there is no such population", "names of populations");
  if (population->model != Model::name)
    reject("populations." + name + ".model", '"' + population->model + '"',
           "a layer needs to know V_m as it was before the reset", fmt::format("\"{}\"", Model::name));
  const ModelInfo& info = *find_neuron_model(population->model);
  PopulationPlan plan = plan_population(network, *population, info, product_.isa());

  Layer layer;
  layer.name = name;
  layer.size = plan.size;
  const Model::Params defaults;
  const auto tau_m = of_every_neuron(plan, "tau_m", defaults.tau_m), E_L = of_every_neuron(plan, "E_L", defaults.E_L),
             V_th = of_every_neuron(plan, "V_th", defaults.V_th), R = of_every_neuron(plan, "R", defaults.R),
             I_e = of_every_neuron(plan, "I_e", defaults.I_e);
  for (std::size_t i = 0; i < layer.size; ++i) {
    const Model::Coefficients step =
        Model::prepare({.tau_m = tau_m[i], .R = R[i], .E_L = E_L[i], .V_th = V_th[i], .I_e = I_e[i]}, network.dt);
    layer.decay.push_back(step.decay);
    layer.V_th.push_back(step.V_th);
    layer.reset.push_back(step.reset);
  }
  const std::size_t neurons = layer.size * spec_.batch, rows = neurons * spec_.steps;
  if (neurons > 0xffffffffu)
    reject("task.batch", fmt::format("{}", spec_.batch), "too many neurons side by side", "a smaller batch");
  plan.size = static_cast<std::uint32_t>(neurons);
  plan.may_be_wide = false;  // a presentation has a few steps
  repeat(plan.params, spec_.batch);
  repeat(plan.initial, spec_.batch);
  layer.block = within("populations." + name, [&] { return make_population(plan); });
  ByteWriter rest;
  layer.block->save(rest);
  layer.rest = rest.take();
  layer.input = AlignedColumn<float>(index == 0 ? neurons : rows);  // the same in every step of the first layer
  layer.trace = AlignedColumn<float>(rows);
  layer.post = AlignedColumn<float>(rows);
  layer.fired = AlignedColumn<std::uint8_t>(rows);
  layer.columns.resize(neurons);
  layer.values = AlignedColumn<float>(rows);
  return layer;
}

void LayeredNetwork::present(std::span<const float> samples, std::size_t count, bool with_traces) {
  count_ = count;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    if (l == 0) {
      if (!first_weights_are_laid_out_)
        product_.pack(DenseView::of(weights_[0].data(), spec_.inputs, layer.size), first_weights_);
      first_weights_are_laid_out_ = true;
      product_.multiply(DenseView::of(samples.data(), count, spec_.inputs), first_weights_, layer.input.data(),
                        layer.size);
    } else {
      feed(l, layer.input.data());
    }
    advance(layer, l == 0, with_traces);
  }
  feed(layers_.size(), outputs_.data());
}

// What the spikes of the layer before bring to each of the projection's targets, row by row.
void LayeredNetwork::feed(std::size_t projection, float* to) {
  const std::size_t m = targets(projection);
  product_.multiply(spikes(projection - 1), DenseView::of(weights_[projection].data(), sources(projection), m), to, m);
}

// The neurons of a sample that spiked in any step, and in which. Returns the number of spikes.
std::size_t LayeredNetwork::group_spikes(Layer& layer, std::size_t sample, std::size_t row_size) const {
  constexpr std::size_t bits = 8;  // steps of a byte
  const std::size_t n = layer.size, steps = spec_.steps, bytes = (steps + bits - 1) / bits;
  const std::uint8_t* const fired = layer.fired.data() + sample * n;
  std::vector<std::uint8_t> which(bytes * n), any(n), marks(n);
  for (std::size_t step = 0; step < steps; ++step) {
    std::uint8_t* const to = which.data() + step / bits * n;
    for (std::size_t i = 0; i < n; ++i) to[i] |= static_cast<std::uint8_t>(fired[step * row_size + i] << step % bits);
  }
  for (std::size_t byte = 0; byte < bytes; ++byte)
    for (std::size_t i = 0; i < n; ++i) any[i] |= which[byte * n + i];

  std::uint32_t* const columns = layer.columns.data() + sample * n;
  std::uint32_t entries = 0;
  for (std::size_t i = 0; i < n; ++i) {  // without a branch that nobody could foresee
    columns[entries] = static_cast<std::uint32_t>(i);
    entries += any[i] != 0;
  }
  layer.entries[sample] = entries;
  std::size_t spikes = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    if (step % bits == 0)
      for (std::uint32_t e = 0; e < entries; ++e) marks[e] = which[step / bits * n + columns[e]];
    float* const values = layer.values.data() + (sample * steps + step) * n;
    std::uint32_t sum = 0;
    for (std::uint32_t e = 0; e < entries; ++e) {
      const std::uint32_t on = (marks[e] >> step % bits) & 1u;
      values[e] = static_cast<float>(static_cast<std::int32_t>(on));
      sum += on;
    }
    spikes += sum;
  }
  return spikes;
}

void LayeredNetwork::advance(Layer& layer, bool same_input, bool with_traces) {
  const std::size_t n = layer.size, row_size = count_ * n, items = (count_ + samples_at_once - 1) / samples_at_once;
  auto& neurons = static_cast<Population&>(*layer.block);
  ByteReader rest(layer.rest);
  neurons.load(rest);
  const std::span<const float> V_m = neurons.view(*neurons.find_column("V_m"));
  layer.entries.resize(count_);
  std::vector<std::size_t> spikes_of(items);
  product_.threads().for_each(items, [&](std::size_t item) {
    const std::size_t first = item * samples_at_once, end = std::min(count_, first + samples_at_once);
    for (std::uint32_t step = 0; step < spec_.steps; ++step) {
      const std::size_t row = step * row_size;
      neurons.advance(static_cast<std::uint32_t>(first * n), static_cast<std::uint32_t>(end * n),
                      layer.input.data() + (same_input ? 0 : row) + first * n, layer.fired.data() + row + first * n);
      if (!with_traces) continue;
      for (std::size_t sample = first; sample < end; ++sample) {
        const std::size_t to = row + sample * n;
        update_eligibility(product_.isa(), {.n = n,
                                            .V_m = V_m.data() + sample * n,
                                            .fired = layer.fired.data() + to,
                                            .decay = layer.decay.data(),
                                            .V_th = layer.V_th.data(),
                                            .reset = layer.reset.data(),
                                            .slope = static_cast<float>(spec_.slope),
                                            .trace_before = step == 0 ? nullptr : layer.trace.data() + to - row_size,
                                            .trace = layer.trace.data() + to,
                                            .post = layer.post.data() + to});
      }
    }
    for (std::size_t sample = first; sample < end; ++sample) spikes_of[item] += group_spikes(layer, sample, row_size);
  });
  layer.spikes = std::accumulate(spikes_of.begin(), spikes_of.end(), std::size_t{0});
  const std::uint32_t size = static_cast<std::uint32_t>(row_size);
  if (const std::uint32_t broken = neurons.first_non_finite(0, size); broken < size)
    throw NumericalError({.key = fmt::format("{}[{}]", layer.name, broken % n),
                          .problem = "V_m is not finite after a presentation",
                          .expected = "finite samples and weights: check learning_rate"});
}

GroupedOnes LayeredNetwork::spikes(std::size_t layer) const {
  const Layer& from = layers_[layer];
  return {spec_.steps, from.size, from.entries, from.columns, {from.values.data(), from.values.size()}};
}
std::span<const float> LayeredNetwork::traces(std::size_t layer) const {
  return {layers_[layer].trace.data(), rows() * layers_[layer].size};
}
std::span<const float> LayeredNetwork::post_factors(std::size_t layer) const {
  return {layers_[layer].post.data(), rows() * layers_[layer].size};
}

std::size_t LayeredNetwork::bytes() const {
  std::size_t sum = outputs_.bytes() + first_weights_.bytes();
  for (const auto& weights : weights_) sum += weights.bytes();
  for (const Layer& layer : layers_)
    sum += layer.block->bytes() + layer.rest.size() + layer.input.bytes() + layer.trace.bytes() + layer.post.bytes() +
           layer.fired.bytes() + layer.values.bytes();
  return sum;
}

void LayeredNetwork::save(ByteWriter& to) const {
  for (const auto& weights : weights_) to.put("weights", weights.span());
}
void LayeredNetwork::load(ByteReader& from) {
  for (auto& weights : weights_) from.get("weights", weights.span());
  first_weights_are_laid_out_ = false;
}

}  // namespace rheo
