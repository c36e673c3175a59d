// A three-factor rule that teaches a LayeredNetwork to tell classes apart, forward in time: presynaptic trace times
// surrogate of the postsynaptic potential times error, each step's error with the traces of that step. Lateral neurons
// keep it out of subspaces that were learnt before.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "networks/layers/layered_network.hpp"
#include "plasticity/layers/lateral_subspace.hpp"

namespace rheo {

// What carries the error of a layer back to the one before it.
enum class Feedback {
  symmetric,  // the forward weights
  sign,       // their signs, divided by sqrt(presynaptic neurons)
  random,     // weights of their own, drawn like the forward ones, that do not change
};

// OTTT, Xiao et al., NeurIPS 2022 (arXiv 2210.04195), with projected traces as in arXiv 2402.11984. In step s with
// outputs o(s), of B samples and T steps:
//     output error   e = (softmax(o) - target) / T, over the classes that count; 0 for the others
//     error of layer l   e_l = (B_{l+1} e_{l+1}) post_l
//     W_l -= learning_rate / B  sum over s and samples of  e_l x_l^T
// x_l: the trace of the presynaptic neurons, of the first projection the sample itself; or its projection.
class LayeredLearning {
 public:
  struct Settings {
    double learning_rate = 0.1;
    Feedback feedback = Feedback::symmetric;
  };

  // network: outlives this.
  LayeredLearning(LayeredNetwork& network, const Settings& settings, std::uint64_t seed);

  // Gives every projection lateral neurons. settings: one per projection. Without it nothing is projected.
  void add_lateral(const std::vector<LateralSubspace::Settings>& settings);
  std::vector<LateralSubspace>& lateral() { return lateral_; }
  const std::vector<LateralSubspace>& lateral() const { return lateral_; }

  // Learns from the presentation that the network made last, of `samples`, with traces. labels: a class < outputs per
  // sample. counts: whether a class takes part, [outputs]. Returns the mean loss (cross entropy, mean over steps)
  // before.
  double learn(std::span<const float> samples, std::span<const std::uint8_t> labels,
               std::span<const std::uint8_t> counts);
  // Throws NumericalError where a weight or a lateral weight is not finite.
  void check() const;
  // Seconds spent in lateral neurons: projecting, learning.
  double projecting() const { return projecting_; }
  double adapting() const { return adapting_; }

  void save(ByteWriter& to) const;
  void load(ByteReader& from);

 private:
  double output_errors(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> counts);
  const float* feedback_of(std::size_t projection);

  LayeredNetwork& network_;
  Settings settings_;
  std::vector<LateralSubspace> lateral_;
  std::vector<AlignedColumn<float>> random_;   // [projection], for Feedback::random
  AlignedColumn<float> signs_;                 // for Feedback::sign
  AlignedColumn<float> error_, error_before_;  // [rows][targets], [rows][sources]
  AlignedColumn<float> projected_;
  double projecting_ = 0, adapting_ = 0;
};

// Right answers among the samples of the last presentation: the class with the largest sum of outputs over steps, of
// equals the first, among those that count.
std::uint32_t right_answers(const LayeredNetwork& network, std::span<const std::uint8_t> labels,
                            std::span<const std::uint8_t> counts);

}  // namespace rheo
