#include "networks/synapses/builder.hpp"

#include <algorithm>

#include "core/diagnostics.hpp"
#include "networks/synapses/synapse_values.hpp"

namespace rheo {

namespace {

std::shared_ptr<const PlasticPlan> place_targets(const ProjectionPlan& plan, const Lanes& lanes) {
  PlasticPlan& placed = *plan.plastic;
  placed.ranges.assign(lanes.count(), {});
  placed.first_slot.assign(lanes.count(), 0);
  for (std::size_t lane = 0; lane < lanes.count(); ++lane) {
    for (const TargetRange& range : plan.targets) {
      const Piece& piece = lanes.pieces[lane][range.population];
      const std::uint32_t begin = range.first_from(piece.begin), end = std::min(piece.end, range.end);
      if (begin >= end) continue;
      PlasticPlan::Range here;
      here.first = range.population_first + begin;
      here.end = range.population_first + end;
      here.step = range.step;
      here.slot = piece.slot(placed.inhibitory ? range.port_negative : range.port_positive, begin);
      here.first_target = range.number(begin);
      std::uint32_t& first = placed.first_slot[lane];
      first = placed.ranges[lane].empty() ? here.slot : std::min(first, here.slot);
      placed.ranges[lane].push_back(here);
    }
    std::ranges::sort(placed.ranges[lane], {}, &PlasticPlan::Range::first);
  }
  return plan.plastic;
}

}  // namespace

ExpectedSynapses expected_synapses(const ProjectionPlan& plan, std::span<const Piece> pieces) {
  ExpectedSynapses expected;
  double here = 0, all = 0;
  for (const TargetRange& range : plan.targets) {
    const Piece& piece = pieces[range.population];
    const std::uint32_t begin = range.first_from(piece.begin), end = std::min(piece.end, range.end);
    all += (range.end - range.begin + range.step - 1) / range.step;
    if (begin >= end) continue;
    here += (end - begin + range.step - 1) / range.step;
    expected.width += end - begin;
  }
  expected.synapses = plan.connector->expected_synapses() * here / std::max(1.0, all);
  return expected;
}

DrawnFormat drawn_format(std::span<const ProjectionPlan* const> members, const DeliveryPlan& delivery, bool dense,
                         std::uint32_t rows, double synapses) {
  const bool one_delay = members.size() == 1 && members.front()->has_one_delay();
  const bool by_delay = delivery.has_slices(one_delay);
  Tick longest = 0;
  if (by_delay || (delivery.address_has_delay(one_delay) && !dense))
    for (const ProjectionPlan* member : members)
      longest = std::max(longest, std::min(longest_delay(*member), SynapseValues::longest));
  return {rows, delivery.width, longest, by_delay, synapses};
}

SynapseBundle build_bundle(std::span<const ProjectionPlan* const> members, std::uint32_t first, DeliveryPlan delivery,
                           bool dense, const Lanes& lanes, const Threads& threads, std::span<ProjectionTotals> totals) {
  SynapseBundle built;
  built.dense = dense;
  built.first = first;
  for (const ProjectionPlan* plan : members)
    built.members.push_back({{plan->sources.begin(), plan->sources.end()}, plan->target_neurons()});
  built.sources = rows_of(members);
  built.lanes.resize(lanes.count());
  const ProjectionPlan& alone = *members.front();
  built.weight_step = alone.weight_step();  // of all members (can_join)
  if (members.size() == 1) {
    built.weighted = !alone.has_one_weight() && !alone.plastic;
    if (alone.plastic) built.plastic = place_targets(alone, lanes);
    if (alone.spec->is_graded()) built.transmits = alone.spec->transmits;
    within("projections." + alone.spec->name, [&] {
      if (!built.weighted && !built.plastic) built.weight = alone.counted(std::get<double>(alone.spec->weight));
      if (alone.has_one_delay()) built.one_delay = SynapseValues(alone).ticks(std::get<double>(alone.spec->delay));
    });
  }
  built.narrow = delivery.narrow(built.one_delay != 0);
  std::vector<std::vector<ProjectionTotals>> all(lanes.count());
  threads.for_each(lanes.owned.end - lanes.owned.begin, [&](std::size_t i) {
    const std::size_t lane = lanes.owned.begin + i;
    all[lane] = build_block(members, built, delivery, lanes, lane, built.lanes[lane]);
  });
  for (const std::vector<ProjectionTotals>& lane : all)
    for (std::size_t m = 0; m < lane.size(); ++m) {
      totals[m].add(lane[m]);
      built.min_delay = std::min(built.min_delay, totals[m].min_delay);
      built.max_delay = std::max(built.max_delay, totals[m].max_delay);
    }
  return built;
}

}  // namespace rheo
