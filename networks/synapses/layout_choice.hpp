// How a network was laid out, and why: for whoever asks. Results do not depend on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rheo {

struct LayoutChoice {
  // A way of delivery by ring, and what it was expected to cost.
  struct Candidate {
    std::uint32_t lanes = 1;
    std::uint32_t window = 0;  // ticks; 0: rows of the ring reach beyond every delay
    std::size_t dense = 0;     // bundles whose synapses have no addresses
    double cost = 0;           // nanoseconds for a ms of biology, neurons included, where neurons spike at 10 Hz
  };
  std::uint32_t lanes = 1;
  std::size_t bundles = 0;
  std::vector<Candidate> candidates;  // those that were compared, the chosen one first; none: delivery by wheel
  std::string reason;                 // why by wheel
  std::string costs;                  // where the costs come from
};

}  // namespace rheo
