// Who is connected to whom. A connector answers one question, for one target at a time: where do its synapses come
// from, and in which order. The answer depends on (seed, projection, target) alone, so that lanes build their own
// synapses in parallel and in any number.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/random.hpp"
#include "networks/spec.hpp"

namespace rheo {

// Sources and targets as the projection counts them: 0, 1, ... over its selections in order.
struct ConnectorSizes {
  std::uint32_t sources = 0, targets = 0;
};

class Connector {
 public:
  static constexpr std::uint32_t nobody = 0xffffffffu;

  virtual ~Connector() = default;

  // Appends the sources of `target` to `sources`, multapses once per synapse, in canonical order; and, for lists only,
  // to `edges` the index of each synapse in the list. `self` is the source that is the same neuron as the target, or
  // `nobody`.
  virtual void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                        std::vector<std::uint32_t>& edges) const = 0;
  // Expected number of synapses, to choose the layout.
  virtual double expected_synapses() const = 0;
};

// Throws BuildError with a key below "connect" when the rule cannot be met ("connect.indegree").
std::unique_ptr<Connector> make_connector(const Connect& connect, ConnectorSizes sizes, RandomKey key);

}  // namespace rheo
