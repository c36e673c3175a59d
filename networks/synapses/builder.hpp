// Builds the synapses of a bundle of projections, lane by lane and in parallel: they are drawn once, target by target,
// and sorted into rows (drawn_synapses.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/loop/simulation.hpp"
#include "core/parallel.hpp"
#include "networks/synapses/block.hpp"
#include "networks/synapses/drawn_synapses.hpp"
#include "networks/synapses/port_weights.hpp"
#include "networks/synapses/projection_plan.hpp"

namespace rheo {

// What was built of one projection.
struct ProjectionTotals {
  std::uint64_t synapses = 0;
  Tick min_delay = never, max_delay = 0;
  WeightRange positive, negative;  // as they count, for the first and the second port

  void add(const ProjectionTotals& other) {
    synapses += other.synapses;
    min_delay = std::min(min_delay, other.min_delay);
    max_delay = std::max(max_delay, other.max_delay);
    positive.add(other.positive);
    negative.add(other.negative);
  }
};

// Whether a projection can share the rows of those before it without any sum changing its order, and gains from it
// (docs/decisions/0003-rows-of-several-projections.md).
bool can_join(std::span<const ProjectionPlan* const> bundle, const ProjectionPlan& next);

// The members of a bundle, of which `first` is the number of the first one. totals: one per member. Throws BuildError
// with a key ("projections.NAME.delay").
// dense: without addresses, which a single static projection of one delay can be, delivered by ring.
SynapseBundle build_bundle(std::span<const ProjectionPlan* const> members, std::uint32_t first, DeliveryPlan delivery,
                           bool dense, const Lanes& lanes, const Threads& threads, std::span<ProjectionTotals> totals);

// The synapses of a bundle, whose rows are known, onto one lane. Returns totals, one per member.
std::vector<ProjectionTotals> build_block(std::span<const ProjectionPlan* const> members, const SynapseBundle& bundle,
                                          DeliveryPlan delivery, const Lanes& lanes, std::size_t lane,
                                          SynapseBlock& block);

// What of a projection lies in pieces of the populations, [population].
struct ExpectedSynapses {
  double synapses = 0;
  double width = 0;  // from the first to the last target
};
ExpectedSynapses expected_synapses(const ProjectionPlan& plan, std::span<const Piece> pieces);

// How so many synapses onto a lane, of so many rows, are kept while they are drawn.
DrawnFormat drawn_format(std::span<const ProjectionPlan* const> members, const DeliveryPlan& delivery, bool dense,
                         std::uint32_t rows, double synapses);

// The rows of a bundle: its sources, ascending. A projection on its own keeps the numbers that it has.
std::vector<SourceRange> rows_of(std::span<const ProjectionPlan* const> members);

}  // namespace rheo
