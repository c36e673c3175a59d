// How the strength of an input changes in time: the same factor for all its neurons, a function of the tick alone.
//   steps   value k from times[k] on, in ticks (times[k], times[k + 1]]; 0 before the first, the last one is held
//   ramps   straight lines between (times[k], values[k]), in the middle of the tick; 0 before the first, the last held
//   sine    offset + amplitude sin(2 pi (frequency t + phase/360)), in the middle of the tick
// Times count from the start of the input; with a period, from the start of each period.
#pragma once

#include <vector>

#include "core/types.hpp"

namespace rheo {

struct Profile {
  enum class Kind { steps, ramps, constant, sine };
  Kind kind = Kind::constant;
  std::vector<double> times = {};  // ms, ascending, >= 0; steps: rounded to ticks
  std::vector<double> values = {};
  double period = 0;                                           // ms; 0: none
  double offset = 0, amplitude = 1, frequency = 0, phase = 0;  // sine; Hz, degrees

  // The largest factor there can be: 1 for a constant.
  double peak() const;
};

// A profile on the ticks of a simulation.
class TickProfile {
 public:
  TickProfile() = default;
  TickProfile(const Profile& profile, double dt);

  // The factor in the k-th tick of the input, k >= 1.
  double at(Tick k) const;

 private:
  Profile profile_;
  double dt_ = 0.1;
  Tick period_ = 0;
  std::vector<Tick> ticks_;  // steps: times
};

}  // namespace rheo
