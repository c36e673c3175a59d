// What delivery costs on a processor: the numbers by which a layout is chosen. Results do not depend on them.
#pragma once

#include <array>
#include <string>
#include <utility>

namespace rheo {

// Nanoseconds where nothing else is said, measured with `rheo bench` (docs/performance.md).
struct DeliveryCosts {
  double addition = 0.3;                     // of a weight to a sum that is in the first cache
  double near_sum = 0.1;                     // more for each, where the rows of a lane are far larger than that
  double far_sum = 0.16;                     // and more where they are far larger than half of the near cache
  double last_sum = 0.2;                     // and more where those of all lanes take half of the last cache,
  double wide_ring = 3.4, far_ring = 4.4;    // as much as that, and twice as much; none where they take an eighth
  double unsorted = 0.075;                   // and more where rows of synapses are not in the order of delays
  double near_byte = 0.02, far_byte = 0.06;  // of synapses that are read, within the last cache and beyond it
  double row = 20;                           // a spike's synapses on a lane
  double slice = 1;                          // a run of synapses of one delay, looked at
  double run = 40;                           // a run of synapses, filed and taken up again
  double word = 0.3;                         // 16 neighbouring sums, whose weights have no addresses
  double neuron = 0.27, far_neuron = 0.55;   // a tick of a neuron, where all else fits the last cache, or is far larger
  double meeting = 2500;                     // of the threads, at the end of a window
  double first_cache = 48 << 10, near_cache = 1 << 20, last_cache = 32 << 20;  // bytes
  std::string from = "built in";                                               // where they come from, for whoever asks

  static constexpr auto names = std::to_array<std::pair<const char*, double DeliveryCosts::*>>({
      {"addition", &DeliveryCosts::addition},
      {"near_sum", &DeliveryCosts::near_sum},
      {"far_sum", &DeliveryCosts::far_sum},
      {"last_sum", &DeliveryCosts::last_sum},
      {"wide_ring", &DeliveryCosts::wide_ring},
      {"far_ring", &DeliveryCosts::far_ring},
      {"unsorted", &DeliveryCosts::unsorted},
      {"near_byte", &DeliveryCosts::near_byte},
      {"far_byte", &DeliveryCosts::far_byte},
      {"row", &DeliveryCosts::row},
      {"slice", &DeliveryCosts::slice},
      {"run", &DeliveryCosts::run},
      {"word", &DeliveryCosts::word},
      {"neuron", &DeliveryCosts::neuron},
      {"far_neuron", &DeliveryCosts::far_neuron},
      {"meeting", &DeliveryCosts::meeting},
      {"first_cache", &DeliveryCosts::first_cache},
      {"near_cache", &DeliveryCosts::near_cache},
      {"last_cache", &DeliveryCosts::last_cache},
  });

  // Those that are built in, with the caches of this machine.
  static DeliveryCosts here();
};

}  // namespace rheo
