// Populations in layers that see many samples side by side: the batch is a dimension of populations and of their input,
// while weights are shared. For learning from images; networks/layers/layered_learning.hpp changes the weights.
//
// Time. A delay is one tick, so layer l works on step s of a presentation in tick s + l + 1, the first layer being 0,
// and the output in tick s + layers + 1: a presentation lasts steps + layers ticks. Nothing flows back within it, so
// the steps of one layer are computed together before those of the next, which changes no number: a network of the same
// populations and projections gives the same spikes (tests/unit/networks/test_layered_network.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/loop/simulation.hpp"
#include "core/product.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

struct LayeredSpec {
  std::vector<std::string> layers;  // populations of the network, of model lif_discrete, from input to output
  std::size_t inputs = 0;           // numbers of a sample; they are added to the first layer's V_m (mV) in every step
  std::size_t outputs = 0;          // numbers read out in every step: weights times spikes of the last layer
  std::uint32_t steps = 6;          // of a presentation
  std::uint32_t batch = 64;         // samples side by side at most
  double slope = 4;                 // of the surrogate, 1/mV
};

class LayeredNetwork {
 public:
  // Weights start uniform in +-1/sqrt(presynaptic neurons), a function of the seed, the layer and the synapse. Throws
  // BuildError with a key path for populations that cannot be layers.
  LayeredNetwork(const NetworkSpec& network, const LayeredSpec& spec, Threads threads);

  // Presents `count` samples, [count][inputs], from the state at rest. With traces, what learning needs is kept.
  // Throws NumericalError where a potential is not finite.
  void present(std::span<const float> samples, std::size_t count, bool with_traces);

  // Of the last presentation; rows are [step][sample].
  std::size_t count() const { return count_; }
  std::size_t rows() const { return count_ * spec_.steps; }
  std::span<const float> outputs() const { return {outputs_.data(), rows() * spec_.outputs}; }  // [rows][outputs]
  GroupedOnes spikes(std::size_t layer) const;  // of rows x neurons; a group is a sample, its rows are the steps
  std::size_t spike_count(std::size_t layer) const { return layers_[layer].spikes; }
  std::span<const float> traces(std::size_t layer) const;        // [rows][neurons]
  std::span<const float> post_factors(std::size_t layer) const;  // [rows][neurons]

  const LayeredSpec& spec() const { return spec_; }
  std::size_t layers() const { return layers_.size(); }
  std::size_t size(std::size_t layer) const { return layers_[layer].size; }
  // Projection p leads to layer p, the last one to the outputs. Weights are [presynaptic][postsynaptic], mV; those that
  // may be written have to be asked for anew after a presentation.
  std::size_t projections() const { return layers_.size() + 1; }
  std::size_t sources(std::size_t projection) const { return projection == 0 ? spec_.inputs : size(projection - 1); }
  std::size_t targets(std::size_t projection) const {
    return projection == layers_.size() ? spec_.outputs : size(projection);
  }
  std::span<float> weights(std::size_t projection) {
    if (projection == 0) first_weights_are_laid_out_ = false;
    return weights_[projection].span();
  }
  std::span<const float> weights(std::size_t projection) const { return weights_[projection].span(); }

  Product& product() { return product_; }
  std::size_t bytes() const;

  // Everything that presentations leave behind: the weights.
  void save(ByteWriter& to) const;
  void load(ByteReader& from);

 private:
  struct Layer {
    std::string name;
    std::size_t size = 0;
    std::unique_ptr<PopulationBlock> block;  // a Population of lif_discrete: neurons of sample 0, of sample 1, ..
    std::vector<std::byte> rest;
    std::vector<float> decay, V_th, reset;  // by neuron
    AlignedColumn<float> input, trace, post;
    AlignedColumn<std::uint8_t> fired;            // [rows][neurons]
    std::vector<std::uint32_t> entries, columns;  // of GroupedOnes
    AlignedColumn<float> values;
    std::size_t spikes = 0;
  };
  Layer build_layer(const NetworkSpec& network, const std::string& name, std::size_t index);
  void feed(std::size_t projection, float* to);
  void advance(Layer& layer, bool same_input, bool with_traces);
  std::size_t group_spikes(Layer& layer, std::size_t sample, std::size_t row_size) const;

  LayeredSpec spec_;
  Product product_;
  std::vector<Layer> layers_;
  std::vector<AlignedColumn<float>> weights_;
  PackedFactor first_weights_;
  bool first_weights_are_laid_out_ = false;
  AlignedColumn<float> outputs_;
  std::size_t count_ = 0;
};

}  // namespace rheo
