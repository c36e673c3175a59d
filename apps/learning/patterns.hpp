// Generated spatio-temporal spike patterns for classification by a reservoir: every class is a set of Poisson trains,
// one per channel, and a sample of a class is that set with spikes jittered, left out and added (after the "jittered
// spike train templates" of Maass, Natschlaeger & Markram, Neural Computation 14:2531, 2002).
//
// A pattern is a function of (seed, name, class), a sample of (seed, name, class, number): samples can be drawn in any
// order and number. Called by the reservoir workbench once per trial.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.hpp"

namespace rheo {

struct SpikePatternOptions {
  std::size_t classes = 2;
  std::size_t channels = 1;
  double length = 100;    // ms, > 0
  double rate = 20;       // Hz of every channel, >= 0
  double jitter = 0;      // ms, standard deviation of each spike's shift, >= 0
  double deletion = 0;    // probability that a spike is left out, in [0, 1]
  double noise_rate = 0;  // Hz of spikes that are added to every channel of a sample, >= 0
};

// Times in ms from the begin of the pattern, ascending, per channel.
using PatternTrains = std::vector<std::vector<double>>;

class SpikePatterns {
 public:
  SpikePatterns(const SpikePatternOptions& options, std::uint64_t seed, std::string_view name);

  // The trains of a class, < classes.
  const PatternTrains& pattern(std::size_t of_class) const { return patterns_[of_class]; }
  // Sample `number` of a class. A spike that jitter carries over an end of [0, length] is reflected there, so that
  // their number and density stay. Which spikes are left out does not change where the others go.
  PatternTrains sample(std::size_t of_class, std::uint64_t number) const;

 private:
  SpikePatternOptions options_;
  RandomKey changes_, noise_;
  std::vector<PatternTrains> patterns_;
};

}  // namespace rheo
