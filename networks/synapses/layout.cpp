#include "networks/synapses/layout.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace rheo {

namespace {

// What a spike costs in ns, and what lanes need; measured with `rheo bench` (docs/performance.md).
constexpr double synapse = 1.0, ring_synapse = 1.8;  // in a ring those with delays of their own cost more
constexpr double row = 90, wheel_slice = 27;         // of one lane
constexpr double good_row = 250, shortest_row = 64;  // synapses of a source onto one lane, by ring
constexpr double good_slice = 24;                    // synapses of one delay
constexpr double good_plastic_slice = 200;
constexpr double shortest_row_of_visits = 16;  // synapses of a source onto one lane, by wheel
constexpr std::uint64_t fewest_neurons_per_lane = 500;
constexpr std::uint64_t most_lanes = 64;
// What populations and projections have on all lanes together, where a few lanes are enough for that: of many small
// ones a lane takes more room and time than it is worth.
constexpr std::uint64_t most_parts = 1 << 20, few_lanes = 4;
constexpr std::uint64_t ring_bytes = 1 << 20;  // a ring should stay in the second-level cache of a core

// What the choice depends on.
struct Figures {
  std::uint64_t slots = 0, neurons = 0;
  std::uint64_t lanes = most_lanes;  // at most
  double out_degree = 0;             // synapses of a row
  double slices = 0;                 // delays of a row
  double by_ring = 0, by_wheel = 0;  // ns for the synapses of a row
  std::uint64_t ticks = 2;           // of a ring
  bool by_event = false;             // some population is updated by events
  bool plastic = false;              // some projection learns, or there are signals
};

// How many delays n synapses of a projection have, about.
double delays_of(const ProjectionPlan& plan, double n) {
  double distinct = 1;
  if (const auto* d = std::get_if<Distribution>(&plan.spec->delay)) {
    const auto [low, high] = reach(*d, 2.5);
    distinct = std::min(rheo::distinct(*d), (high - low) / plan.dt + 1);
  } else if (std::holds_alternative<std::vector<double>>(plan.spec->delay)) {
    distinct = static_cast<double>(longest_delay(plan));
  }
  if (const auto* pairs = std::get_if<PairValue>(&plan.spec->delay)) {
    const auto [low, high] = reach(*pairs, plan.pairs);
    distinct = (high - low) / plan.dt + 1;
  }
  distinct += plan.longest_travel_time() / plan.dt;
  return distinct > 1 ? std::min(distinct, std::max(1.0, n)) : 1;
}

std::uint64_t lanes_for_ring(const Figures& f) {
  std::uint64_t count = std::min(f.lanes, f.neurons / fewest_neurons_per_lane);
  if (f.out_degree > 0)
    count = std::min(count, std::max<std::uint64_t>(2, static_cast<std::uint64_t>(f.out_degree / good_row)));
  const std::uint64_t fitting = ring_bytes / sizeof(float) / f.ticks;
  if (fitting >= 64) count = std::max(count, (f.slots + fitting - 1) / fitting);
  if (const std::uint64_t addressed = 65536 / f.ticks; addressed >= 64) {
    const std::uint64_t narrow = (f.slots + addressed - 1) / addressed;
    if (f.out_degree / static_cast<double>(narrow) >= shortest_row) count = std::max(count, narrow);
  }
  return std::max<std::uint64_t>(count, 1);
}

std::uint64_t lanes_for_wheel(const Figures& f) {
  std::uint64_t count = std::min(f.lanes, f.neurons / fewest_neurons_per_lane);
  if (f.out_degree > 0) {
    const double slice = f.out_degree / f.slices;
    count = std::min(count, std::max<std::uint64_t>(
                                2, static_cast<std::uint64_t>(slice / (f.plastic ? good_plastic_slice : good_slice))));
  }
  // Powers of two, which threads share evenly.
  count = std::bit_floor(std::max<std::uint64_t>(count, 1));
  // Short addresses, and neurons that stay in the cache for the ticks of a window. Where neurons are visited one by one
  // there is nothing to keep there, and a row costs more on another lane than short addresses save.
  const std::uint64_t narrow = std::bit_ceil((f.slots + 65535) / 65536);
  const bool worthwhile =
      narrow <= most_lanes && !(f.by_event && f.out_degree / static_cast<double>(narrow) < shortest_row_of_visits);
  return worthwhile ? std::max(count, narrow) : count;
}

}  // namespace

Layout choose_layout(const NetworkSpec& spec, std::span<const ProjectionPlan* const> projections,
                     std::span<const PopulationShape> populations) {
  Layout layout;
  Figures f;
  f.plastic = !spec.signals.empty();
  for (const PopulationShape& population : populations) {
    f.slots += std::uint64_t{population.ports} * population.size;
    f.neurons += population.size;
    f.by_event |= population.by_event;
  }
  f.lanes = std::clamp(most_parts / (populations.size() + projections.size()), few_lanes, most_lanes);
  double synapses = 0, rows = 0;
  Tick longest = 1;
  for (std::size_t p = 0; p < projections.size();) {
    const std::size_t first = p;
    const auto bundle = [&] { return projections.subspan(first, p - first); };
    ++p;
    while (spec.share_rows && p < projections.size() && can_join(bundle(), *projections[p])) ++p;
    layout.bundle_end.push_back(p);
    double all = 0, distinct = 0;
    for (const ProjectionPlan* plan : bundle()) all += plan->connector->expected_synapses();
    const double here = projections[first]->rows;
    f.plastic |= projections[first]->plastic != nullptr;
    for (const ProjectionPlan* plan : bundle()) {
      distinct = std::max(distinct, delays_of(*plan, here > 0 ? all / here : 0));
      longest = std::max(longest, longest_delay(*plan));
    }
    synapses += all;
    rows += here;
    f.slices += here * distinct;
    f.by_ring += all * (distinct > 1 ? ring_synapse : synapse);
    f.by_wheel += all * synapse;
  }
  if (rows > 0) {
    f.out_degree = synapses / rows;
    for (double* sum : {&f.slices, &f.by_ring, &f.by_wheel}) *sum /= rows;
  }
  f.ticks = longest < 1 << 20 ? std::bit_ceil(static_cast<std::uint64_t>(longest) + 1) : 1 << 20;

  const std::uint64_t ring_lanes = spec.lanes != 0 ? spec.lanes : lanes_for_ring(f);
  const std::uint64_t wheel_lanes = spec.lanes != 0 ? spec.lanes : lanes_for_wheel(f);
  const auto width_of = [](const Lanes& lanes) {
    return std::uint64_t{std::bit_ceil(std::max(1u, *std::max_element(lanes.slots.begin(), lanes.slots.end())))};
  };
  layout.lanes = Lanes::cut(populations, ring_lanes);
  const std::uint64_t width = width_of(layout.lanes);
  // Only the wheel can say which slots it wrote to, and delivers at arrival, when rules run.
  const bool possible = !f.by_event && !f.plastic && width * f.ticks <= std::uint64_t{1} << 28;
  const bool fits = width * f.ticks * bytes_of(spec.precision) <= 2 * ring_bytes;
  const double by_ring = f.by_ring + row * static_cast<double>(ring_lanes);
  const double by_wheel = f.by_wheel + (row + wheel_slice * f.slices) * static_cast<double>(wheel_lanes);
  const bool ring = possible && (spec.delivery == NetworkSpec::Delivery::ring ||
                                 (spec.delivery == NetworkSpec::Delivery::automatic && fits && by_ring <= by_wheel));
  if (ring) {
    layout.delivery = {DeliveryPlan::Kind::ring, static_cast<std::uint32_t>(width), width * f.ticks <= 65536};
  } else {
    layout.lanes = Lanes::cut(populations, wheel_lanes);
    layout.delivery = {DeliveryPlan::Kind::wheel, 1, width_of(layout.lanes) <= 65536, f.by_event};
  }
  return layout;
}

}  // namespace rheo
