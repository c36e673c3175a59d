// Where spikes that come from elsewhere land on the grid of ticks: one door for lists, texts, SONATA files and SONATA
// inputs (docs/semantics.md 1). Nothing moves or gets lost here without being counted.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace rheo {

// How far apart the numbers are in which times were stored; both 0: 64-bit reals and texts.
struct TimeResolution {
  double relative = 0;  // of reals: of a time t, 2^-23 t in 32 bits
  double absolute = 0;  // of whole numbers: 1 ms
  double at(double ms) const { return ms < 0 ? at(-ms) : relative * ms + absolute; }
};

// What the user says about the times of one source.
struct SpikeTimeRules {
  double offset = 0;                                                        // ms, added to every time
  enum class AtZero { reject, first_tick, drop } at_zero = AtZero::reject;  // what ends up at time 0
  bool nearest = false;  // every time goes to its nearest tick, instead of the first that ends at or after it
};

// What became of the times of one source or input.
struct PlacedSpikes {
  std::string key, file;         // "populations.S.params"; empty: a list in the experiment file
  std::uint64_t spikes = 0;      // that were given
  std::uint64_t nearest = 0;     // of these, in an earlier tick than the first that ends at or after the stored time
  std::uint64_t first_tick = 0;  // moved from time 0 into the first tick
  std::uint64_t at_zero = 0;     // left out, because they were at time 0
  std::uint64_t after_end = 0;   // left out, because they come after the end
  double unclear_from = std::numeric_limits<double>::infinity();  // ms: from here on the type cannot tell ticks apart

  bool is_worth_saying() const { return nearest + first_tick + at_zero + after_end != 0 || tells_no_ticks(); }
  bool tells_no_ticks() const { return unclear_from < std::numeric_limits<double>::infinity(); }
};

class SpikePlacer {
 public:
  SpikePlacer(double dt, const SpikeTimeRules& rules, const TimeResolution& resolution);

  enum class Outcome { placed, left_out, at_zero, too_early };
  // Makes `ms` (finite) the time that its tick has. Only what is placed or left out is counted; the others are for the
  // caller to reject, in the words below.
  Outcome place(double& ms);
  PlacedSpikes& counts() { return counts_; }

  static std::string expected(Outcome outcome);

 private:
  double dt_;
  SpikeTimeRules rules_;
  TimeResolution resolution_;
  PlacedSpikes counts_;
};

// Sentences for the user about what was moved or left out; empty: nothing.
std::string warning_about(const PlacedSpikes& placed);

}  // namespace rheo
