#include "networks/synapses/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "networks/description/values.hpp"

namespace rheo {

namespace {

// Weights or delays of one target's synapses, drawn in canonical order. Constants and lists were checked with the
// description; of distributions only those that can leave the range at all are looked at synapse by synapse.
class Draws {
 public:
  Draws(const Value& value, RandomKey key, const Range& allowed) : value_(value), key_(key), allowed_(allowed) {
    if (const auto* distribution = std::get_if<Distribution>(&value)) {
      const Range possible = reach(*distribution);
      may_stray_ = !(holds(allowed, possible.low) && holds(allowed, possible.high));
    }
  }
  // edges: as from the connector.
  void prepare(std::uint32_t target, std::size_t synapses, const std::vector<std::uint32_t>& edges) {
    drawn_.resize(synapses);
    if (const auto* list = std::get_if<std::vector<double>>(&value_))
      for (std::size_t k = 0; k < synapses; ++k) drawn_[k] = (*list)[edges[k]];
    else if (const auto* distribution = std::get_if<Distribution>(&value_))
      draw_all(*distribution, key_, target, drawn_);
    else
      std::fill(drawn_.begin(), drawn_.end(), std::get<double>(value_));
  }
  double operator[](std::size_t k) const { return drawn_[k]; }
  // Refuses a draw that a constant could not be.
  void check(const char* what, std::uint32_t target, const std::vector<std::uint32_t>& sources) const {
    if (!may_stray_) return;
    for (std::size_t k = 0; k < drawn_.size(); ++k)
      if (!holds(allowed_, drawn_[k]))
        reject(what, fmt::format("{}", drawn_[k]),
               fmt::format("drawn for the synapse from source {} to target {}, out of range", sources[k], target),
               range_text(allowed_, drawn_[k]) + ", by min and max of the distribution");
  }

 private:
  const Value& value_;
  RandomKey key_;
  Range allowed_;
  bool may_stray_ = false;
  std::vector<double> drawn_;
};

// Delays in ticks and weights of one target's synapses.
class SynapseValues {
 public:
  explicit SynapseValues(const ProjectionPlan& plan)
      : weights_(plan.spec->weight, random_key(plan.seed, plan.spec->name, "weight"), any_value),
        delays_(plan.spec->delay, random_key(plan.seed, plan.spec->name, "delay"), non_negative),
        travel_time_(plan.travel_time),
        tick_(TickLength::of(plan.dt)) {}

  // Calls use(k, weight, delay) for the synapses k of `target`. sources, edges: as from the connector.
  template <class Use>
  void for_each(std::uint32_t target, const std::vector<std::uint32_t>& sources,
                const std::vector<std::uint32_t>& edges, const Use& use) {
    weights_.prepare(target, sources.size(), edges);
    delays_.prepare(target, sources.size(), edges);
    weights_.check("weight", target, sources);
    delays_.check("delay", target, sources);
    for (std::size_t k = 0; k < sources.size(); ++k)
      use(k, weights_[k], ticks(travel_time_ ? delays_[k] + travel_time_(sources[k], target) : delays_[k]));
  }
  std::uint32_t ticks(double delay) const {
    const Tick whole = tick_.nearest(delay);
    if (whole < 1 || whole > longest)
      reject("delay", fmt::format("{}", delay),
             whole < 1 ? "rounds to less than one tick" : fmt::format("is longer than {} ticks", longest),
             fmt::format("from {} to {} (ms)", tick_.ms(1), tick_.ms(longest)));
    return static_cast<std::uint32_t>(whole);
  }

 private:
  static constexpr Tick longest = 10'000'000;
  Draws weights_, delays_;
  const std::function<double(std::uint32_t, std::uint32_t)>& travel_time_;
  TickLength tick_;
};

bool has_one_delay(const ProjectionPlan& plan) {
  return is_constant(plan.spec->delay) && !plan.travel_time;
}

std::vector<NeuronSet> neurons_of(const std::vector<SourceRange>& sources) {
  return {sources.begin(), sources.end()};
}

std::vector<NeuronSet> neurons_of(const std::vector<TargetRange>& targets) {
  std::vector<NeuronSet> neurons;
  for (const TargetRange& range : targets)
    neurons.push_back({range.population_first + range.begin, range.population_first + range.end, range.step});
  return neurons;
}

// Of two lists of disjoint ranges, each ascending: calls use(a, b) for those whose stretches from first to last neuron
// overlap, until it returns true, which is then returned.
template <class Sets, class Use>
bool any_overlap(const Sets& all, const Sets& others, const Use& use) {
  auto a = all.begin();
  for (auto b = others.begin(); a != all.end() && b != others.end();) {
    if (a->first < b->end && b->first < a->end && use(*a, *b)) return true;
    a->end < b->end ? ++a : ++b;
  }
  return false;
}

// From a projection's number of a source to its row in the bundle.
class RowMap {
 public:
  RowMap(const ProjectionPlan& plan, const std::vector<SourceRange>& rows) {
    const auto row_in_bundle = [&](const SourceRange& range) { return row_of(rows, range.first); };
    shift_ = row_in_bundle(plan.sources.front()) - plan.sources.front().row;
    if (std::all_of(plan.sources.begin(), plan.sources.end(),
                    [&](const SourceRange& range) { return row_in_bundle(range) - range.row == shift_; }))
      return;
    rows_.resize(plan.rows);
    for (const SourceRange& range : plan.sources)
      for (NeuronId neuron = range.first, i = 0; neuron < range.end; neuron += range.step, ++i)
        rows_[range.row + i] = row_in_bundle(range) + i;
  }
  std::uint32_t operator[](std::uint32_t source) const { return rows_.empty() ? source + shift_ : rows_[source]; }

 private:
  std::uint32_t shift_ = 0;
  std::vector<std::uint32_t> rows_;  // where the shift is not the same for all
};

// Delays in ticks until rows are sorted by them, as narrow as they can be.
class DelayColumn {
 public:
  DelayColumn(std::size_t size, Tick longest) {
    if (longest <= std::numeric_limits<std::uint16_t>::max())
      narrow_ = AlignedColumn<std::uint16_t>(size);
    else
      wide_ = AlignedColumn<std::uint32_t>(size);
  }
  void set(std::size_t i, std::uint32_t delay) {
    if (wide_.empty())
      narrow_[i] = static_cast<std::uint16_t>(delay);
    else
      wide_[i] = delay;
  }
  std::uint32_t operator[](std::size_t i) const { return wide_.empty() ? narrow_[i] : wide_[i]; }

 private:
  AlignedColumn<std::uint16_t> narrow_;
  AlignedColumn<std::uint32_t> wide_;
};

// Weights of a rule keep its bounds, and most their sign.
void check_plastic(double weight, const PlasticPlan& plan) {
  const bool any_sign = plan.rule->signed_weights;
  const double magnitude = any_sign ? weight : std::abs(weight);
  if (!any_sign && weight != 0 && (weight < 0) != plan.inhibitory)
    reject("weight", fmt::format("{}", weight), "another sign than the first weights have, under a plasticity rule",
           "weights >= 0, or weights <= 0 (-0.0 starts an inhibitory projection at 0)");
  if (magnitude < plan.low || magnitude > plan.high)
    reject("weight", fmt::format("{}", weight), "outside the bounds of " + plan.rule->name,
           fmt::format("{} from {} to {}", any_sign ? "a weight" : "a magnitude", plan.low, plan.high));
}

// Numbers of targets and columns instead of records; `first` is the slot of target 0.
template <class Address, class Real>
void make_plastic(SynapseBlock& block, const PlasticPlan& plan, std::uint32_t first) {
  const std::uint32_t n = block.synapses();
  const auto* const records = block.as<WeightedSynapse<Address, Real>>();
  AlignedColumn<std::byte> targets(std::size_t{n} * sizeof(Address));
  for (const FieldInfo& field : plan.rule->columns) {
    block.columns.emplace_back(std::size_t{n} * sizeof(Real));
    if (field.initial != 0)
      std::fill_n(reinterpret_cast<Real*>(block.columns.back().data()), n, static_cast<Real>(field.initial));
  }
  auto* const target = reinterpret_cast<Address*>(targets.data());
  auto* const weight = reinterpret_cast<Real*>(block.columns[0].data());
  for (std::uint32_t s = 0; s < n; ++s) {
    target[s] = static_cast<Address>(records[s].address - first);
    weight[s] = plan.rule->signed_weights ? records[s].weight : std::abs(records[s].weight);
  }
  block.data = std::move(targets);
}

// Everything one lane needs to know and to say.
class LaneBuilder {
 public:
  LaneBuilder(std::span<const ProjectionPlan* const> members, const SynapseBundle& bundle, DeliveryPlan delivery,
              const Lanes& lanes, std::size_t lane)
      : bundle_(bundle),
        delivery_(delivery),
        lane_(lane),
        pieces_(lanes.pieces[lane]),
        precision_(members.front()->precision) {
    for (const ProjectionPlan* plan : members) {
      members_.push_back({*plan, SynapseValues(*plan), RowMap(*plan, bundle.sources), {}});
      longest_delay_ = std::max(longest_delay_, longest_delay(*plan));
    }
  }

  void build(SynapseBlock& block) {
    count(block);
    if (synapses_ == 0) {
      block = {};
      return;
    }
    if (delivery_.narrow)
      fill_with<std::uint16_t>(block);
    else
      fill_with<std::uint32_t>(block);
  }
  const ProjectionTotals& totals(std::size_t member) const { return members_[member].totals; }

 private:
  struct Member {
    const ProjectionPlan& plan;
    SynapseValues values;
    RowMap rows;
    ProjectionTotals totals;
  };

  // use(target, slots by sign) for every target of this lane, ascending, with its sources_ and edges_.
  template <class Use>
  void for_each_target(const Member& member, const Use& use) {
    const ProjectionPlan& plan = member.plan;
    for (const TargetRange& range : plan.targets) {
      const Piece& piece = pieces_[range.population];
      std::uint32_t neuron = range.begin;
      if (piece.begin > neuron) neuron += (piece.begin - neuron + range.step - 1) / range.step * range.step;
      for (; neuron < std::min(piece.end, range.end); neuron += range.step) {
        const std::uint32_t target = range.first + (neuron - range.begin) / range.step;
        sources_.clear();
        edges_.clear();
        plan.connector->incoming(target, row_of(plan.sources, range.population_first + neuron), sources_, edges_);
        use(target, piece.slot(range.port_positive, neuron), piece.slot(range.port_negative, neuron));
      }
    }
  }
  void count(SynapseBlock& block) {
    std::size_t rows = 0;
    for (const SourceRange& range : bundle_.sources)
      rows = std::max<std::size_t>(rows, range.row + (range.end - range.first + range.step - 1) / range.step);
    block.row_synapses = AlignedColumn<std::uint32_t>(rows + 1);
    std::uint64_t sum = 0;
    for (Member& member : members_) {
      for_each_target(member, [&](std::uint32_t, std::uint32_t, std::uint32_t) {
        for (const std::uint32_t source : sources_) ++block.row_synapses[member.rows[source] + 1];
        member.totals.synapses += sources_.size();
      });
      sum += member.totals.synapses;
    }
    if (sum > std::numeric_limits<std::uint32_t>::max())
      reject("projections." + members_.front().plan.spec->name, std::to_string(sum) + " synapses onto one lane",
             "too many", "more lanes (simulation.lanes)");
    synapses_ = static_cast<std::uint32_t>(sum);
    for (std::size_t row = 1; row < block.row_synapses.size(); ++row)
      block.row_synapses[row] += block.row_synapses[row - 1];
  }

  template <class Address>
  void fill_with(SynapseBlock& block) {
    if (!bundle_.weighted && !bundle_.plastic)
      fill<BareSynapse<Address>>(block);
    else if ((bundle_.plastic ? bundle_.plastic->precision : precision_) == Precision::single_)
      fill_weighted<Address, float>(block);
    else
      fill_weighted<Address, double>(block);
  }
  template <class Address, class Real>
  void fill_weighted(SynapseBlock& block) {
    fill<WeightedSynapse<Address, Real>>(block);
    if (bundle_.plastic) make_plastic<Address, Real>(block, *bundle_.plastic, bundle_.plastic->first_slot[lane_]);
  }

  // Members in order and targets ascending: a row's synapses stand by (projection, target, canonical order).
  template <class Synapse>
  void fill(SynapseBlock& block) {
    const bool ring = delivery_.kind == DeliveryPlan::Kind::ring, address_has_delay = ring && bundle_.one_delay == 0;
    block.data = AlignedColumn<std::byte>(std::size_t{synapses_} * sizeof(Synapse));
    auto* const synapses = reinterpret_cast<Synapse*>(block.data.data());
    DelayColumn delays(ring ? 0 : synapses_, longest_delay_);
    std::vector<std::uint32_t> cursor(block.row_synapses.begin(), block.row_synapses.end() - 1);
    for (Member& member : members_) {
      std::uint32_t min_delay = std::numeric_limits<std::uint32_t>::max(), max_delay = 0;
      const bool one_weight = is_constant(member.plan.spec->weight);
      const auto use = [&](std::uint32_t target, std::uint32_t slot_positive, std::uint32_t slot_negative) {
        const auto put = [&](std::size_t k, double weight, std::uint32_t delay) {
          const std::uint32_t at = cursor[member.rows[sources_[k]]]++;
          if (member.plan.plastic) check_plastic(weight, *member.plan.plastic);
          const bool negative = member.plan.plastic ? member.plan.plastic->inhibitory : weight < 0;
          const std::uint32_t slot = negative ? slot_negative : slot_positive;
          weight = member.plan.counted(weight);
          if (!one_weight) (negative ? member.totals.negative : member.totals.positive).add(weight);
          synapses[at].address =
              static_cast<decltype(Synapse::address)>(address_has_delay ? delay * delivery_.width + slot : slot);
          if constexpr (requires { Synapse::weight; })
            synapses[at].weight = static_cast<decltype(Synapse::weight)>(weight);
          if (!ring) delays.set(at, delay);
          min_delay = std::min(min_delay, delay);
          max_delay = std::max(max_delay, delay);
        };
        if (one_weight && has_one_delay(member.plan)) {
          const double weight = std::get<double>(member.plan.spec->weight);
          const std::uint32_t delay = member.values.ticks(std::get<double>(member.plan.spec->delay));
          for (std::size_t k = 0; k < sources_.size(); ++k) put(k, weight, delay);
        } else {
          member.values.for_each(target, sources_, edges_, put);
        }
      };
      within("projections." + member.plan.spec->name, [&] { for_each_target(member, use); });
      if (max_delay != 0) {
        member.totals.min_delay = min_delay;
        member.totals.max_delay = max_delay;
        if (one_weight) {
          const double weight = std::get<double>(member.plan.spec->weight);
          const bool negative = member.plan.plastic ? member.plan.plastic->inhibitory : weight < 0;
          (negative ? member.totals.negative : member.totals.positive).add(member.plan.counted(weight));
        }
      }
    }
    if (!ring) sort_rows(block, delays, synapses);
  }

  // Sorts every row by delay, stably, and says where its slices are.
  template <class Synapse>
  void sort_rows(SynapseBlock& block, const DelayColumn& delays, Synapse* synapses) {
    std::vector<std::uint32_t> order;  // synapses of the row, by (delay, canonical order)
    std::vector<Synapse> row_synapses;
    std::vector<DelaySlice> slices;
    block.row_slices = AlignedColumn<std::uint32_t>(block.row_synapses.size());
    for (std::size_t row = 0; row + 1 < block.row_synapses.size(); ++row) {
      const std::uint32_t begin = block.row_synapses[row], end = block.row_synapses[row + 1];
      order_by_delay(delays, begin, end, order);
      row_synapses.assign(synapses + begin, synapses + end);
      std::uint32_t delay = 0;  // of the last slice, 0: none yet
      for (std::uint32_t s = begin; s < end; ++s) {
        const std::uint32_t from = order[s - begin];
        synapses[s] = row_synapses[from - begin];
        if (delay != delays[from] || slices.back().count == most) {
          for (; delays[from] - delay > most; delay += most) slices.push_back({most, 0});
          slices.push_back({static_cast<std::uint16_t>(delays[from] - delay), 0});
          delay = delays[from];
        }
        ++slices.back().count;
      }
      block.row_slices[row + 1] = static_cast<std::uint32_t>(slices.size());
    }
    block.slices = AlignedColumn<DelaySlice>(slices.size());
    std::copy(slices.begin(), slices.end(), block.slices.begin());
  }

  // Synapses [begin, end) by delay, stably: counted where delays are few, compared where they are not.
  void order_by_delay(const DelayColumn& delays, std::uint32_t begin, std::uint32_t end,
                      std::vector<std::uint32_t>& order) {
    order.resize(end - begin);
    std::uint32_t low = std::numeric_limits<std::uint32_t>::max(), high = 0;
    for (std::uint32_t s = begin; s < end; ++s) {
      low = std::min(low, delays[s]);
      high = std::max(high, delays[s]);
    }
    if (begin != end && high - low < 4 * (end - begin)) {
      places_.assign(high - low + 2, 0);
      for (std::uint32_t s = begin; s < end; ++s) ++places_[delays[s] - low + 1];
      for (std::size_t d = 1; d < places_.size(); ++d) places_[d] += places_[d - 1];
      for (std::uint32_t s = begin; s < end; ++s) order[places_[delays[s] - low]++] = s;
      return;
    }
    std::iota(order.begin(), order.end(), begin);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return delays[a] < delays[b]; });
  }

  static constexpr std::uint16_t most = std::numeric_limits<std::uint16_t>::max();  // of a slice's step and count
  const SynapseBundle& bundle_;
  DeliveryPlan delivery_;
  std::size_t lane_;
  const std::vector<Piece>& pieces_;
  Precision precision_;
  std::vector<Member> members_;
  Tick longest_delay_ = 1;
  std::uint32_t synapses_ = 0;
  std::vector<std::uint32_t> sources_, edges_;  // of the target being built
  std::vector<std::uint32_t> places_;           // of order_by_delay
};

}  // namespace

std::uint32_t SynapseBundle::projection_of(NeuronId source, NeuronId target) const {
  const auto has = [](const std::vector<NeuronSet>& sets, NeuronId neuron) {
    return std::any_of(sets.begin(), sets.end(), [&](const NeuronSet& set) { return set.contains(neuron); });
  };
  std::uint32_t m = 0;
  while (m + 1 < members.size() && !(has(members[m].targets, target) && has(members[m].sources, source))) ++m;
  return first + m;
}

std::size_t bundle_of(const std::vector<SynapseBundle>& bundles, std::size_t projection) {
  const SynapseBundle& bundle = range_of(bundles, static_cast<std::uint32_t>(projection), &SynapseBundle::first);
  return static_cast<std::size_t>(&bundle - bundles.data());
}

std::uint32_t row_of(const std::vector<SourceRange>& sources, NeuronId neuron) {
  const auto after = std::ranges::upper_bound(sources, neuron, {}, &SourceRange::first);
  if (after == sources.begin() || !after[-1].contains(neuron)) return Connector::nobody;
  return after[-1].row + (neuron - after[-1].first) / after[-1].step;
}

double ProjectionPlan::magnitude(double weight) const {
  if (excitatory_only)
    reject("weight", fmt::format("{}", weight), "negative, at the excitatory port of a conductance",
           "weights >= 0, or no port, so that the sign chooses it");
  return -weight;
}

std::vector<SourceRange> rows_of(std::span<const ProjectionPlan* const> members) {
  std::vector<SourceRange> ranges;
  for (const ProjectionPlan* member : members)
    ranges.insert(ranges.end(), member->sources.begin(), member->sources.end());
  std::ranges::sort(ranges, {}, &SourceRange::first);
  const auto is_repeated = [](const SourceRange& a, const SourceRange& b) { return a.first == b.first; };
  ranges.erase(std::unique(ranges.begin(), ranges.end(), is_repeated), ranges.end());
  std::vector<SourceRange> rows;  // neighbours as one, so that a spike of many small populations is soon found
  std::uint32_t row = 0;
  for (SourceRange range : ranges) {
    const std::uint32_t count = (range.end - range.first + range.step - 1) / range.step;
    if (members.size() > 1) range.row = row;
    row += count;
    if (!rows.empty() && rows.back().end == range.first && rows.back().step == 1 && range.step == 1 &&
        rows.back().row + (rows.back().end - rows.back().first) == range.row)
      rows.back().end = range.end;
    else
      rows.push_back(range);
  }
  return rows;
}

Tick longest_delay(const ProjectionPlan& plan) {
  const Value& delay = plan.spec->delay;
  double longest = 0;
  if (const auto* constant = std::get_if<double>(&delay)) longest = *constant;
  if (const auto* list = std::get_if<std::vector<double>>(&delay); list != nullptr && !list->empty())
    longest = *std::max_element(list->begin(), list->end());
  if (const auto* d = std::get_if<Distribution>(&delay)) longest = reach(*d).high;
  return std::max<Tick>(1, ms_to_tick_nearest(longest + plan.longest_travel_time, plan.dt));
}

namespace {

bool share_a_target(const ProjectionPlan& one, const ProjectionPlan& other) {
  const auto ascending = [](const ProjectionPlan& plan) {
    std::vector<NeuronSet> neurons = neurons_of(plan.targets);
    std::ranges::sort(neurons, {}, &NeuronSet::first);
    return neurons;
  };
  return any_overlap(ascending(one), ascending(other), [](const NeuronSet&, const NeuronSet&) { return true; });
}

}  // namespace

bool can_join(std::span<const ProjectionPlan* const> bundle, const ProjectionPlan& next) {
  if (next.plastic || bundle.front()->plastic) return false;
  // A weight for each synapse where one would do for all costs more than longer rows save.
  if (is_constant(next.spec->weight) || is_constant(bundle.front()->spec->weight)) return false;
  // Each member is compared with each other one, and a synapse that is read back is looked for in all of them.
  constexpr std::size_t most_members = 256;
  if (bundle.size() == most_members) return false;
  double synapses = next.connector->expected_synapses();
  bool shares_a_row = false;
  for (const ProjectionPlan* member : bundle) {
    synapses += member->connector->expected_synapses();
    const bool differ = any_overlap(member->sources, next.sources, [&](const NeuronSet& theirs, const NeuronSet& ours) {
      const bool same = theirs.first == ours.first && theirs.end == ours.end && theirs.step == ours.step;
      shares_a_row = shares_a_row || same;
      return !same;
    });
    if (differ) return false;
    // Where both reach a target, (source, projection) must be the same order as (projection, source).
    if (member->sources.back().end > next.sources.front().first && share_a_target(*member, next)) return false;
  }
  return shares_a_row && synapses < 4e9;
}

namespace {

std::shared_ptr<const PlasticPlan> place_targets(const ProjectionPlan& plan, const Lanes& lanes) {
  PlasticPlan& placed = *plan.plastic;
  placed.ranges.assign(lanes.count(), {});
  placed.first_slot.assign(lanes.count(), 0);
  for (std::size_t lane = 0; lane < lanes.count(); ++lane) {
    for (const TargetRange& range : plan.targets) {
      const Piece& piece = lanes.pieces[lane][range.population];
      std::uint32_t begin = range.begin;
      if (piece.begin > begin) begin += (piece.begin - begin + range.step - 1) / range.step * range.step;
      const std::uint32_t end = std::min(piece.end, range.end);
      if (begin >= end) continue;
      PlasticPlan::Range here;
      here.first = range.population_first + begin;
      here.end = range.population_first + end;
      here.step = range.step;
      here.slot = piece.slot(placed.inhibitory ? range.port_negative : range.port_positive, begin);
      here.first_target = range.first + (begin - range.begin) / range.step;
      std::uint32_t& first = placed.first_slot[lane];
      first = placed.ranges[lane].empty() ? here.slot : std::min(first, here.slot);
      placed.ranges[lane].push_back(here);
    }
    std::ranges::sort(placed.ranges[lane], {}, &PlasticPlan::Range::first);
  }
  return plan.plastic;
}

}  // namespace

SynapseBundle build_bundle(std::span<const ProjectionPlan* const> members, std::uint32_t first, DeliveryPlan delivery,
                           const Lanes& lanes, const Threads& threads, std::span<ProjectionTotals> totals) {
  SynapseBundle built;
  built.first = first;
  for (const ProjectionPlan* plan : members)
    built.members.push_back({neurons_of(plan->sources), neurons_of(plan->targets)});
  built.sources = rows_of(members);
  built.lanes.resize(lanes.count());
  const ProjectionPlan& alone = *members.front();
  if (members.size() == 1) {
    built.weighted = !is_constant(alone.spec->weight) && !alone.plastic;
    if (alone.plastic) built.plastic = place_targets(alone, lanes);
    within("projections." + alone.spec->name, [&] {
      if (!built.weighted && !built.plastic) built.weight = alone.counted(std::get<double>(alone.spec->weight));
      if (has_one_delay(alone)) built.one_delay = SynapseValues(alone).ticks(std::get<double>(alone.spec->delay));
    });
  }
  std::vector<std::vector<ProjectionTotals>> all(lanes.count());
  threads.for_each(lanes.count(), [&](std::size_t lane) {
    LaneBuilder builder(members, built, delivery, lanes, lane);
    builder.build(built.lanes[lane]);
    for (std::size_t m = 0; m < members.size(); ++m) all[lane].push_back(builder.totals(m));
  });
  for (const std::vector<ProjectionTotals>& lane : all)
    for (std::size_t m = 0; m < members.size(); ++m) {
      totals[m].synapses += lane[m].synapses;
      totals[m].min_delay = std::min(totals[m].min_delay, lane[m].min_delay);
      totals[m].max_delay = std::max(totals[m].max_delay, lane[m].max_delay);
      totals[m].positive.add(lane[m].positive);
      totals[m].negative.add(lane[m].negative);
      built.min_delay = std::min(built.min_delay, totals[m].min_delay);
      built.max_delay = std::max(built.max_delay, totals[m].max_delay);
    }
  return built;
}

}  // namespace rheo
