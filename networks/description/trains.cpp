#include "networks/description/trains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/diagnostics.hpp"
#include "core/time.hpp"

namespace rheo {

void check_trains(const SpikeTrains& trains, std::size_t size, double dt) {
  if (trains.begin.size() != size + 1 || trains.begin.front() != 0 || trains.begin.back() != trains.times.size() ||
      !std::is_sorted(trains.begin.begin(), trains.begin.end()))
    reject({}, {}, "trains do not match the number of neurons", "one list of times per neuron");
  for (std::size_t n = 0; n < size; ++n)
    for (std::size_t i = trains.begin[n]; i < trains.begin[n + 1]; ++i)
      if (!std::isfinite(trains.times[i]) || ms_to_tick_ceil(trains.times[i], dt) < 1)
        reject({}, fmt::format("{}", trains.times[i]), fmt::format("spike time of neuron {}", n), "times > 0 (ms)");
}

}  // namespace rheo
