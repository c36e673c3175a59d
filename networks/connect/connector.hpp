// Who is connected to whom. A connector answers one question, for one target at a time: where do its synapses come
// from, and in which order. The answer depends on the rule, the numbers of sources and targets and (seed, projection)
// alone, so that lanes build their own synapses in parallel and in any number.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/random.hpp"
#include "networks/description/positions.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

// Sources and targets as the projection counts them: 0, 1, ... over its selections in order.
struct ConnectorEnds {
  std::uint32_t sources = 0, targets = 0;
  // The source that is the same neuron as a target, or `nobody`. Empty: no neuron is both.
  std::function<std::uint32_t(std::uint32_t target)> self = {};
  // Where they are; only for the rule distance.
  std::function<Point(std::uint32_t)> source_at = {}, target_at = {};
  Point period = {};  // 0: the space has borders in this dimension
};

class Connector {
 public:
  static constexpr std::uint32_t nobody = 0xffffffffu;

  virtual ~Connector() = default;

  // Draws what the rule has to know of all synapses at once. Called once, before the first incoming().
  virtual void prepare() {}
  virtual double prepared_bytes() const { return 0; }  // what that takes
  // Appends the sources of `target` to `sources`, multapses once per synapse, in canonical order; and, for lists only,
  // to `edges` the index of each synapse in the list. `self` is the source that is the same neuron as the target, or
  // `nobody`. May be called by several threads.
  virtual void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                        std::vector<std::uint32_t>& edges) const = 0;
  // Expected number of synapses, to choose the layout.
  virtual double expected_synapses() const = 0;
};

// Throws BuildError with a key below "connect" when the rule cannot be met ("connect.indegree").
std::unique_ptr<Connector> make_connector(const Connect& connect, const ConnectorEnds& ends, RandomKey key);

}  // namespace rheo
