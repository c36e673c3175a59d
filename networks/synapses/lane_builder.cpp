#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "networks/synapses/builder.hpp"
#include "networks/synapses/synapse_values.hpp"

namespace rheo {

namespace {

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
    if (bundle_.dense) {
      precision_ == Precision::single_ ? fill_dense<float>(block) : fill_dense<double>(block);
      if (block.synapses() == 0) block = {};
      return;
    }
    count(block);
    if (synapses_ == 0) {
      block = {};
      return;
    }
    if (bundle_.narrow)
      fill_with<std::uint16_t>(block);
    else
      fill_with<std::uint32_t>(block);
  }
  std::vector<ProjectionTotals> totals() const {
    std::vector<ProjectionTotals> totals;
    for (const Member& member : members_) totals.push_back(member.totals);
    return totals;
  }

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
      std::uint32_t neuron = range.first_from(piece.begin);
      for (; neuron < std::min(piece.end, range.end); neuron += range.step) {
        const std::uint32_t target = range.number(neuron);
        sources_.clear();
        edges_.clear();
        plan.connector->incoming(target, row_of(plan.sources, range.population_first + neuron), sources_, edges_);
        use(target, piece.slot(range.port_positive, neuron), piece.slot(range.port_negative, neuron));
      }
    }
  }
  void count(SynapseBlock& block) {
    block.row_synapses = AlignedColumn<std::uint32_t>(std::size_t{row_count(bundle_.sources)} + 1);
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

  // Members in order and targets ascending: calls put(row, slot, weight, delay) for every synapse of this lane, its
  // weight as it counts at its port.
  template <class Put>
  void draw(const Put& put) {
    for (Member& member : members_) {
      std::uint32_t min_delay = std::numeric_limits<std::uint32_t>::max(), max_delay = 0;
      const bool one_weight = member.plan.has_one_weight();
      const auto use = [&](std::uint32_t target, std::uint32_t slot_positive, std::uint32_t slot_negative) {
        const auto take = [&](std::size_t k, double weight, std::uint32_t delay) {
          if (member.plan.plastic) check_plastic(weight, *member.plan.plastic);
          const bool negative = member.plan.is_negative(weight);
          weight = member.plan.counted(weight);
          if (!one_weight) (negative ? member.totals.negative : member.totals.positive).add(weight);
          put(member.rows[sources_[k]], negative ? slot_negative : slot_positive, weight, delay);
          min_delay = std::min(min_delay, delay);
          max_delay = std::max(max_delay, delay);
        };
        if (one_weight && member.plan.has_one_delay()) {
          const double weight = std::get<double>(member.plan.spec->weight);
          const std::uint32_t delay = member.values.ticks(std::get<double>(member.plan.spec->delay));
          for (std::size_t k = 0; k < sources_.size(); ++k) take(k, weight, delay);
        } else {
          member.values.for_each(target, sources_, edges_, take);
        }
      };
      within("projections." + member.plan.spec->name, [&] { for_each_target(member, use); });
      if (max_delay != 0) {
        member.totals.min_delay = min_delay;
        member.totals.max_delay = max_delay;
        if (one_weight) {
          const double weight = std::get<double>(member.plan.spec->weight);
          const bool negative = member.plan.is_negative(weight);
          (negative ? member.totals.negative : member.totals.positive).add(member.plan.counted(weight));
        }
      }
    }
  }

  // A row's synapses stand by (projection, target, canonical order).
  template <class Synapse>
  void fill(SynapseBlock& block) {
    const bool address_has_delay = delivery_.address_has_delay(bundle_.one_delay != 0);
    block.data = AlignedColumn<std::byte>(std::size_t{synapses_} * sizeof(Synapse));
    auto* const synapses = reinterpret_cast<Synapse*>(block.data.data());
    DelayColumn delays(delivery_.sorted ? synapses_ : 0, longest_delay_);
    std::vector<std::uint32_t> cursor(block.row_synapses.begin(), block.row_synapses.end() - 1);
    draw([&](std::uint32_t row, std::uint32_t slot, double weight, std::uint32_t delay) {
      const std::uint32_t at = cursor[row]++;
      synapses[at].address =
          static_cast<decltype(Synapse::address)>(address_has_delay ? delay * delivery_.width + slot : slot);
      if constexpr (requires { Synapse::weight; }) synapses[at].weight = static_cast<decltype(Synapse::weight)>(weight);
      if (delivery_.sorted) delays.set(at, delay);
    });
    if (delivery_.sorted) sort_rows(block, delays, synapses);
  }

  // The slots of this lane that a projection may reach, in whole vectors.
  void make_stretches(const ProjectionPlan& plan, SynapseBlock& block) const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> reached;  // [begin, end)
    for (const TargetRange& range : plan.targets) {
      const Piece& piece = pieces_[range.population];
      const std::uint32_t begin = range.first_from(piece.begin), end = std::min(piece.end, range.end);
      if (begin >= end) continue;
      for (const std::uint32_t port : std::set{range.port_positive, range.port_negative})
        reached.emplace_back(piece.slot(port, begin) / 16 * 16, (piece.slot(port, end - 1) + 16) / 16 * 16);
    }
    std::sort(reached.begin(), reached.end());
    for (const auto& [begin, end] : reached) {
      std::vector<SynapseBlock::Stretch>& all = block.stretches;
      if (all.empty() || all.back().first + all.back().width < begin)
        all.push_back({begin, end - begin, block.dense_width});
      else
        all.back().width = std::max(all.back().width, end - all.back().first);
      block.dense_width = all.back().at + all.back().width;
    }
  }

  template <class Real>
  void fill_dense(SynapseBlock& block) {
    make_stretches(members_.front().plan, block);
    const std::uint32_t rows = row_count(bundle_.sources);
    const std::size_t width = block.dense_width;
    const std::size_t places = rows * width;
    block.dense = AlignedColumn<std::byte>(bundle_.weighted ? places * sizeof(Real) : places / 8);
    auto* const weights = block.as_dense<Real>();
    auto* const bits = block.as_dense<std::uint16_t>();
    if (bundle_.weighted) std::fill_n(weights, places, -Real(0));
    block.row_synapses = AlignedColumn<std::uint32_t>(std::size_t{rows} + 1);
    struct Other {
      std::uint32_t row, slot;
      Real weight;
    };
    std::vector<Other> others;  // than the first synapse of a pair
    // Synapses come target by target.
    std::uint32_t last_slot = std::numeric_limits<std::uint32_t>::max();
    std::size_t place_in_row = 0;
    draw([&](std::uint32_t row, std::uint32_t slot, double weight, std::uint32_t) {
      ++block.row_synapses[row + 1];
      if (slot != last_slot) {
        const SynapseBlock::Stretch& stretch = range_of(block.stretches, slot, &SynapseBlock::Stretch::first);
        last_slot = slot;
        place_in_row = stretch.at + (slot - stretch.first);
      }
      const std::size_t place = row * width + place_in_row;
      bool is_first = false;
      if (bundle_.weighted) {
        is_first = std::signbit(weights[place]) && weights[place] == 0;
        if (is_first) weights[place] = static_cast<Real>(weight) + Real(0);  // a weight of -0.0 is 0.0
      } else {
        const auto bit = static_cast<std::uint16_t>(1u << place % 16);
        is_first = (bits[place / 16] & bit) == 0;
        bits[place / 16] |= bit;
      }
      if (!is_first) others.push_back({row, slot, static_cast<Real>(weight)});
    });
    for (std::uint32_t row = 0; row < rows; ++row) block.row_synapses[row + 1] += block.row_synapses[row];
    members_.front().totals.synapses = block.row_synapses[rows];
    if (others.empty()) return;
    block.row_others = AlignedColumn<std::uint32_t>(std::size_t{rows} + 1);
    for (const Other& other : others) ++block.row_others[other.row + 1];
    for (std::uint32_t row = 0; row < rows; ++row) block.row_others[row + 1] += block.row_others[row];
    std::vector<std::uint32_t> cursor(block.row_others.begin(), block.row_others.end() - 1);
    const auto put = [&]<class Synapse>(Synapse) {
      block.data = AlignedColumn<std::byte>(others.size() * sizeof(Synapse));
      for (const Other& other : others) {
        Synapse& to = block.as<Synapse>()[cursor[other.row]++];
        to.address = static_cast<decltype(Synapse::address)>(other.slot);
        if constexpr (requires { Synapse::weight; }) to.weight = other.weight;
      }
    };
    if (bundle_.narrow)
      bundle_.weighted ? put(WeightedSynapse<std::uint16_t, Real>{}) : put(BareSynapse<std::uint16_t>{});
    else
      bundle_.weighted ? put(WeightedSynapse<std::uint32_t, Real>{}) : put(BareSynapse<std::uint32_t>{});
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

std::vector<ProjectionTotals> build_block(std::span<const ProjectionPlan* const> members, const SynapseBundle& bundle,
                                          DeliveryPlan delivery, const Lanes& lanes, std::size_t lane,
                                          SynapseBlock& block) {
  LaneBuilder builder(members, bundle, delivery, lanes, lane);
  builder.build(block);
  return builder.totals();
}

}  // namespace rheo
