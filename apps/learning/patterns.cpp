#include "apps/learning/patterns.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace rheo {

namespace {

// A Poisson train on [0, length) by its intervals; rate in Hz, length in ms.
void add_poisson_train(std::vector<double>& times, RandomStream stream, double rate, double length) {
  if (rate <= 0) return;
  const double interval = 1000 / rate;
  for (double t = interval * stream.exponential(); t < length; t += interval * stream.exponential()) times.push_back(t);
}

// Folds a time into [0, length]; fmod is exact.
double reflected(double time, double length) {
  const double folded = std::fmod(std::abs(time), 2 * length);
  return folded <= length ? folded : 2 * length - folded;
}

}  // namespace

SpikePatterns::SpikePatterns(const SpikePatternOptions& options, std::uint64_t seed, std::string_view name)
    : options_(options),
      changes_(random_key(seed, name, "changed spikes")),
      noise_(random_key(seed, name, "noise spikes")) {
  assert(options.length > 0 && options.rate >= 0 && options.jitter >= 0 && options.noise_rate >= 0);
  assert(options.deletion >= 0 && options.deletion <= 1);
  assert(options.channels == 0 || options.classes <= std::numeric_limits<std::uint32_t>::max() / options.channels);
  const RandomKey key = random_key(seed, name, "spike patterns");
  patterns_.assign(options.classes, PatternTrains(options.channels));
  std::uint32_t index = 0;
  for (PatternTrains& trains : patterns_)
    for (auto& train : trains) add_poisson_train(train, RandomStream(key, index++), options.rate, options.length);
}

PatternTrains SpikePatterns::sample(std::size_t of_class, std::uint64_t number) const {
  assert(of_class < patterns_.size());
  PatternTrains trains(options_.channels);
  for (std::size_t channel = 0; channel < options_.channels; ++channel) {
    const auto index = static_cast<std::uint32_t>(of_class * options_.channels + channel);
    RandomStream changes(changes_, index, static_cast<Tick>(number));
    auto& train = trains[channel];
    for (const double time : patterns_[of_class][channel]) {
      // Both are drawn for every spike, needed or not, so that one parameter does not change what another one does.
      const bool stays = changes.uniform() >= options_.deletion;
      const double shift = changes.normal(0.0, options_.jitter);
      if (stays) train.push_back(reflected(time + shift, options_.length));
    }
    add_poisson_train(train, RandomStream(noise_, index, static_cast<Tick>(number)), options_.noise_rate,
                      options_.length);
    std::sort(train.begin(), train.end());
  }
  return trains;
}

}  // namespace rheo
