#include "networks/synapses/layout.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "networks/description/costs.hpp"

namespace rheo {

namespace {

// The choice needs a rate of spikes that nobody knows yet, in Hz.
constexpr double supposed_rate = 10;
// Of plastic projections and updates by events, which are delivered by wheel.
constexpr double good_slice = 24;  // synapses of one delay
constexpr double good_plastic_slice = 200;
constexpr double shortest_row_of_visits = 16;  // synapses of a source onto one lane
constexpr std::uint64_t fewest_neurons_per_lane = 500;
constexpr std::uint64_t most_lanes = 64;
constexpr Tick longest_ring = 1 << 24;  // ticks; beyond every delay that a synapse can have
constexpr double worthwhile = 0.97;     // of the cost of another layout
// What populations and projections have on all lanes together, where a few lanes are enough for that: of many small
// ones a lane takes more room and time than it is worth.
constexpr std::uint64_t most_parts = 1 << 20, few_lanes = 4;

struct BundleFigures {
  double rows = 0, synapses = 0;
  double delays = 1;       // ticks from the first to the last
  std::size_t weight = 0;  // bytes of a synapse's
  bool one_delay = false;  // of all synapses
  double span = 0;         // slots that it may reach
};

// What the choice depends on.
struct Figures {
  std::uint64_t slots = 0, neurons = 0;
  std::uint64_t lanes = most_lanes;    // at most
  Tick shortest = never, longest = 1;  // delays
  double ticks_per_ms = 10;
  std::size_t real = 4;   // bytes of a sum
  bool by_event = false;  // some population is updated by events
  bool plastic = false;   // some projection learns, or there are signals
  bool graded = false;    // some projection transmits values
  std::vector<BundleFigures> bundles;

  double sum(double BundleFigures::*what) const {
    double all = 0;
    for (const BundleFigures& bundle : bundles) all += bundle.*what;
    return all;
  }
};

Tick shortest_delay(const ProjectionPlan& plan) {
  double shortest = 0;
  if (const auto* constant = std::get_if<double>(&plan.spec->delay)) shortest = *constant;
  if (const auto* list = std::get_if<std::vector<double>>(&plan.spec->delay); list != nullptr && !list->empty())
    shortest = *std::min_element(list->begin(), list->end());
  if (const auto* d = std::get_if<Distribution>(&plan.spec->delay)) shortest = reach(*d).low;
  if (const auto* pairs = std::get_if<PairValue>(&plan.spec->delay)) shortest = reach(*pairs, plan.pairs).low;
  return std::max<Tick>(1, ms_to_tick_nearest(std::max(0.0, shortest), plan.dt));
}

// Slots that a projection may reach.
double span_of(const ProjectionPlan& plan) {
  double span = 0;
  for (const TargetRange& range : plan.targets)
    span += (range.port_positive == range.port_negative ? 1.0 : 2.0) * (range.end - range.begin);
  return span;
}

Figures figures_of(const NetworkSpec& spec, std::span<const ProjectionPlan* const> projections,
                   std::span<const PopulationShape> populations, std::vector<std::size_t>& bundle_end) {
  Figures f;
  f.ticks_per_ms = 1 / spec.dt;
  f.real = bytes_of(spec.precision);
  f.plastic = !spec.signals.empty();
  for (const PopulationShape& population : populations) {
    f.slots += std::uint64_t{population.ports} * population.size;
    f.neurons += population.size;
    f.by_event |= population.by_event;
  }
  f.lanes = std::clamp(most_parts / (populations.size() + projections.size()), few_lanes, most_lanes);
  for (std::size_t p = 0; p < projections.size();) {
    const std::size_t first = p;
    const auto bundle = [&] { return projections.subspan(first, p - first); };
    ++p;
    while (spec.share_rows && p < projections.size() && can_join(bundle(), *projections[p])) ++p;
    bundle_end.push_back(p);
    BundleFigures here;
    here.rows = projections[first]->rows;
    for (const ProjectionPlan* plan : bundle()) here.synapses += plan->connector->expected_synapses();
    for (const ProjectionPlan* plan : bundle()) {
      here.delays = std::max(here.delays, delays_of(*plan));
      f.longest = std::max(f.longest, std::min(longest_ring, longest_delay(*plan)));
      f.shortest = std::min(f.shortest, shortest_delay(*plan));
    }
    here.one_delay = p == first + 1 && projections[first]->has_one_delay();
    here.weight = p == first + 1 && projections[first]->has_one_weight() ? 0
                  : projections[first]->weight_step() > 0                ? sizeof(std::int16_t)
                                                                         : f.real;
    here.span = span_of(*projections[first]);
    f.plastic |= projections[first]->plastic != nullptr;
    f.graded |= projections[first]->spec->is_graded();
    f.bundles.push_back(here);
  }
  return f;
}

// A ring with windows, or one whose rows reach beyond every delay. Its width is that of all its lanes.
DeliveryPlan ring_of(const Figures& f, const Lanes& lanes, std::uint64_t ticks) {
  const std::uint64_t beyond = std::bit_ceil(static_cast<std::uint64_t>(f.longest) + 1);
  const std::uint64_t slots = std::max(1u, *std::max_element(lanes.slots.begin(), lanes.slots.end()));
  DeliveryPlan plan;
  plan.sorted = ticks < beyond;
  plan.ticks = static_cast<std::uint32_t>(std::min(ticks, beyond));
  // Whole vectors, which loops without addresses write.
  plan.width = static_cast<std::uint32_t>(plan.sorted ? (slots + 15) / 16 * 16
                                                      : std::max<std::uint64_t>(16, std::bit_ceil(slots)));
  plan.longest = static_cast<std::uint32_t>(f.longest);
  return plan;
}

// Places in the ring and addresses of synapses are numbers of 31 and of 32 bits.
bool is_possible(const DeliveryPlan& plan) {
  const std::uint64_t width = plan.width, rows = std::max<std::uint64_t>(plan.ticks, plan.longest + std::uint64_t{1});
  return width * plan.ticks <= std::uint64_t{1} << 28 && (plan.ticks == 1 || width * rows <= std::uint64_t{1} << 31);
}

// Nanoseconds that an addition takes longer where rings take so many bytes together: between the sizes at which that
// was measured, along the logarithm of the size.
double more_of_ring(double bytes, const DeliveryCosts& costs) {
  const double size = std::log2(bytes / costs.last_cache);
  if (size < -1) return costs.last_sum * std::max(0.0, (size + 3) / 2);
  if (size < 0) return costs.wide_ring + (costs.wide_ring - costs.last_sum) * size;
  return costs.wide_ring + (costs.far_ring - costs.wide_ring) * std::min(1.0, size);
}

// Nanoseconds of an addition to sums of so many bytes, of rings that take so many together.
double addition_to(double bytes, double ring, const DeliveryCosts& costs) {
  return costs.addition + costs.near_sum * std::max(0.0, 1 - costs.first_cache / bytes) +
         costs.far_sum * std::max(0.0, 1 - costs.near_cache / 2 / bytes) + more_of_ring(ring, costs);
}

// Nanoseconds for a ms of biology with so many threads; and which bundles are best without addresses.
double cost_of(const Figures& f, const DeliveryPlan& plan, std::uint64_t lanes, unsigned threads,
               const DeliveryCosts& costs, std::vector<char>& dense) {
  const auto count = static_cast<double>(lanes);
  double bytes = 0;
  std::vector<double> record;
  for (const BundleFigures& bundle : f.bundles) {
    record.push_back(static_cast<double>((plan.narrow(bundle.one_delay) ? 2 : 4) + bundle.weight));
    bytes += bundle.synapses * record.back();
  }
  const double beyond = bytes > costs.last_cache ? 1 - costs.last_cache / bytes : 0;  // the share that no cache holds
  const double byte = costs.near_byte + (costs.far_byte - costs.near_byte) * beyond;
  const double ring = static_cast<double>(plan.width * f.real) * plan.ticks * count;
  double work = 0;
  dense.assign(f.bundles.size(), 0);
  for (std::size_t b = 0; b < f.bundles.size(); ++b) {
    const BundleFigures& bundle = f.bundles[b];
    if (bundle.rows == 0) continue;
    const double synapses = bundle.synapses / bundle.rows;
    const double some = synapses / count;  // on a lane
    const unsigned shift = plan.slice_shift(bundle.one_delay, some / bundle.delays);
    const double slices = std::min(1 + (bundle.delays - 1) / (1u << shift), std::max(1.0, some));
    const double runs = plan.sorted ? std::min(std::max(1.0, some), 1 + (bundle.delays - 1) / plan.ticks) : 1;
    const double lane = costs.row + (plan.has_slices(bundle.one_delay) ? costs.slice * slices : 0) + costs.run * runs;
    // What arrives in a window; of one delay, in one of its rows.
    const double sums = ring / count / (bundle.one_delay ? plan.ticks : 1);
    const double unsorted = plan.sorted || bundle.one_delay ? 0 : costs.unsorted;
    const double sparse =
        count * lane + synapses * (addition_to(sums, sums * count, costs) + unsorted + record[b] * byte);
    const double bits = bundle.weight == 0 ? 1 : 8 * static_cast<double>(f.real);  // of a slot
    const double width = bundle.span + 16 * count, all = width / 16 * costs.word * (bits == 1 ? 1 : bits / 32);
    const double flat = count * (costs.row + costs.run) + all + width * bits / 8 * byte;
    // Not where it would need more memory, either, or where most pairs have several synapses, of which one is dense.
    dense[b] = bundle.one_delay && flat < sparse && synapses <= bundle.span &&
               width * bits / 8 < synapses * record[b] && bundle.rows * width < std::uint64_t{1} << 31;
    work += bundle.rows * (dense[b] ? flat : sparse);
  }
  work *= supposed_rate / 1000;
  const Tick window = std::min<Tick>(f.shortest, 1024);
  // Neurons read rows that were written when their window began, or longer ago: the larger all of them, the farther
  // away they are by then; and states, of about three numbers each, that others have driven out of the caches
  // meanwhile.
  const double other = ring + static_cast<double>(f.slots * 3 * f.real);
  const double away = std::clamp(2 * other / costs.last_cache - 1, 0.0, 1.0);
  work += static_cast<double>(f.neurons) * (costs.neuron + (costs.far_neuron - costs.neuron) * away) * f.ticks_per_ms;
  const double busy = count / std::ceil(count / threads);  // threads
  return work / busy + (busy > 1 ? costs.meeting * f.ticks_per_ms / static_cast<double>(window) : 0);
}

std::uint64_t lanes_for_wheel(const Figures& f) {
  std::uint64_t count = std::min(f.lanes, f.neurons / fewest_neurons_per_lane);
  const double rows = f.sum(&BundleFigures::rows), synapses = f.sum(&BundleFigures::synapses);
  if (synapses > 0) {
    double slices = 0;
    for (const BundleFigures& bundle : f.bundles)
      slices += std::min(bundle.rows * bundle.delays, std::max(bundle.rows, bundle.synapses));
    const double slice = synapses / slices;
    count = std::min(count, std::max<std::uint64_t>(
                                2, static_cast<std::uint64_t>(slice / (f.plastic ? good_plastic_slice : good_slice))));
  }
  // Powers of two, which threads share evenly.
  count = std::bit_floor(std::max<std::uint64_t>(count, 1));
  // Short addresses, and neurons that stay in the cache for the ticks of a window. Where neurons are visited one by one
  // there is nothing to keep there, and a row costs more on another lane than short addresses save.
  const std::uint64_t narrow = std::bit_ceil((f.slots + 65535) / 65536);
  const bool pays =
      narrow <= most_lanes && !(f.by_event && synapses / rows / static_cast<double>(narrow) < shortest_row_of_visits);
  return pays ? std::max(count, narrow) : count;
}

// The best of all rings with as many lanes as threads share evenly.
void choose_ring(const NetworkSpec& spec, const Figures& f, std::span<const PopulationShape> populations,
                 unsigned threads, Layout& layout) {
  const DeliveryCosts costs = spec.costs ? *spec.costs : DeliveryCosts::here();
  layout.choice.costs = costs.from;
  double best = std::numeric_limits<double>::infinity();
  std::vector<char> dense;
  const auto consider = [&](std::uint64_t count) {
    const Lanes lanes = Lanes::cut(populations, count);
    const std::uint64_t beyond = std::bit_ceil(static_cast<std::uint64_t>(f.longest) + 1);
    for (std::uint64_t ticks = 1; ticks <= beyond; ticks *= 2) {
      if (spec.window != 0 && ticks != std::min(beyond, std::bit_ceil(std::uint64_t{spec.window}))) continue;
      const DeliveryPlan plan = ring_of(f, lanes, ticks);
      if (!is_possible(plan)) continue;
      const double cost = cost_of(f, plan, count, threads, costs, dense);
      layout.choice.candidates.push_back({static_cast<std::uint32_t>(count), plan.sorted ? plan.ticks : 0,
                                          static_cast<std::size_t>(std::ranges::count(dense, 1)), cost});
      // Fewer lanes and shorter windows, which come first, take less memory.
      if (cost >= worthwhile * best) continue;
      std::swap(layout.choice.candidates.front(), layout.choice.candidates.back());
      best = cost;
      layout.lanes = lanes;
      layout.delivery = plan;
      layout.dense = dense;
    }
  };
  if (spec.lanes != 0) {
    consider(spec.lanes);
  } else {
    const std::uint64_t allowed = f.lanes == most_lanes ? std::max<std::uint64_t>(most_lanes, threads) : f.lanes;
    const std::uint64_t most = std::clamp<std::uint64_t>(f.neurons / 64, 1, allowed);
    consider(1);
    for (std::uint64_t count = 2; count < threads && count <= most; count *= 2) consider(count);
    for (std::uint64_t count = threads; count <= most; count *= 2) consider(count);
  }
  if (layout.choice.candidates.empty())
    reject({}, {}, "the rings of this network would be larger than addresses reach",
           "more lanes (simulation.lanes), or a shorter window");
}

}  // namespace

Layout choose_layout(const NetworkSpec& spec, std::span<const ProjectionPlan* const> projections,
                     std::span<const PopulationShape> populations, unsigned threads) {
  Layout layout;
  const Figures f = figures_of(spec, projections, populations, layout.bundle_end);
  layout.dense.assign(f.bundles.size(), 0);
  layout.choice.bundles = f.bundles.size();
  // Only the wheel can say which slots it wrote to, and delivers tick by tick, which rules need.
  if (!f.by_event && !f.plastic && !f.graded && spec.delivery != NetworkSpec::Delivery::wheel) {
    choose_ring(spec, f, populations, threads, layout);
    layout.choice.lanes = static_cast<std::uint32_t>(layout.lanes.count());
    return layout;
  }
  layout.lanes = Lanes::cut(populations, spec.lanes != 0 ? spec.lanes : lanes_for_wheel(f));
  layout.delivery.kind = DeliveryPlan::Kind::wheel;
  layout.delivery.width = std::max(1u, *std::max_element(layout.lanes.slots.begin(), layout.lanes.slots.end()));
  layout.delivery.longest = static_cast<std::uint32_t>(f.longest);
  layout.delivery.sorted = true;
  layout.delivery.note_touched = f.by_event;
  layout.choice.lanes = static_cast<std::uint32_t>(layout.lanes.count());
  layout.choice.reason = f.by_event  ? "neurons are updated by events"
                         : f.plastic ? "rules or signals need each tick by itself"
                         : f.graded  ? "values are transmitted in each tick"
                                     : "asked for";
  return layout;
}

}  // namespace rheo
