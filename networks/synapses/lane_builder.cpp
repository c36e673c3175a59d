#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "networks/synapses/builder.hpp"
#include "networks/synapses/drawn_synapses.hpp"
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
  // Puts rows in the place of sources.
  void map(std::vector<std::uint32_t>& sources) const {
    if (!rows_.empty())
      for (std::uint32_t& source : sources) source = rows_[source];
    else if (shift_ != 0)
      for (std::uint32_t& source : sources) source += shift_;
  }

 private:
  std::uint32_t shift_ = 0;
  std::vector<std::uint32_t> rows_;  // where the shift is not the same for all
};

// Weights of a rule keep its bounds, and most their sign.
void check_plastic(std::span<const double> weights, const PlasticPlan& plan) {
  const bool any_sign = plan.rule->signed_weights;
  for (const double weight : weights) {
    const double magnitude = any_sign ? weight : std::abs(weight);
    if (!any_sign && weight != 0 && (weight < 0) != plan.inhibitory)
      reject("weight", fmt::format("{}", weight), "another sign than the first weights have, under a plasticity rule",
             "weights >= 0, or weights <= 0 (-0.0 starts an inhibitory projection at 0)");
    if (magnitude < plan.low || magnitude > plan.high)
      reject("weight", fmt::format("{}", weight), "outside the bounds of " + plan.rule->name,
             fmt::format("{} from {} to {}", any_sign ? "a weight" : "a magnitude", plan.low, plan.high));
  }
}

// What synapses are stored as.
template <class Address, class Drawn>
using StoredAs = std::conditional_t<Drawn::has_weights, WeightedSynapse<Address, decltype(Drawn::Record::weight)>,
                                    BareSynapse<Address>>;

// Everything one lane needs to know and to say.
class LaneBuilder {
 public:
  LaneBuilder(std::span<const ProjectionPlan* const> members, const SynapseBundle& bundle, DeliveryPlan delivery,
              const Lanes& lanes, std::size_t lane)
      : plans_(members),
        bundle_(bundle),
        delivery_(delivery),
        lane_(lane),
        pieces_(lanes.pieces[lane]),
        precision_(members.front()->precision) {
    for (const ProjectionPlan* plan : members) {
      members_.push_back({*plan, SynapseValues(*plan), RowMap(*plan, bundle.sources), {}});
      expected_ += expected_synapses(*plan, pieces_).synapses;
    }
  }

  void build(SynapseBlock& block) {
    block.row_synapses = AlignedColumn<std::uint32_t>(std::size_t{row_count(bundle_.sources)} + 1);
    const DrawnFormat format = drawn_format(plans_, delivery_, bundle_.dense, row_count(bundle_.sources), expected_);
    const auto build_with = [&]<class Weight>(Weight) {
      format.is_wide ? build_from(block, DrawnSynapses<std::uint64_t, Weight>(format))
                     : build_from(block, DrawnSynapses<std::uint32_t, Weight>(format));
    };
    if (!bundle_.weighted && !bundle_.plastic)
      build_with(NoWeight{});
    else if (bundle_.has_short_weights())
      build_with(std::int16_t{});
    else if ((bundle_.plastic ? bundle_.plastic->precision : precision_) == Precision::single_)
      build_with(float{});
    else
      build_with(double{});
    if (block.synapses() == 0) block = {};
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

  // Members in order and targets ascending, so that a row's synapses with the same delay come in canonical order.
  template <class Drawn>
  void draw(Drawn& drawn) {
    for (Member& member : members_) {
      const auto use = [&](std::uint32_t target, std::uint32_t slot_positive, std::uint32_t slot_negative) {
        if (sources_.empty()) return;
        member.values.draw(target, sources_, edges_);
        member.totals.synapses += sources_.size();
        member.totals.min_delay = std::min<Tick>(member.totals.min_delay, member.values.shortest_delay());
        member.totals.max_delay = std::max<Tick>(member.totals.max_delay, member.values.longest_delay());
        member.rows.map(sources_);
        put(member, slot_positive, slot_negative, drawn);
      };
      within("projections." + member.plan.spec->name, [&] { for_each_target(member, use); });
    }
  }
  // One target's synapses, whose weights go to its slots by their sign.
  template <class Drawn>
  void put(Member& member, std::uint32_t slot_positive, std::uint32_t slot_negative, Drawn& drawn) {
    const ProjectionPlan& plan = member.plan;
    const std::span<const std::uint32_t> rows = sources_, delays = member.values.delays();
    std::span<const double> weights = member.values.weights();
    if (plan.plastic) check_plastic(weights, *plan.plastic);
    const auto [low, high] = member.values.weight_range();
    if ((plan.is_negative(low) && plan.conductance) || bundle_.has_short_weights()) {
      const double unit = bundle_.has_short_weights() ? 1 / bundle_.weight_step : 1;
      counted_.resize(weights.size());
      std::ranges::transform(weights, counted_.begin(), [&](double weight) { return plan.counted(weight) * unit; });
      weights = counted_;
    }
    const auto put_all = [&](bool negative, std::size_t first, std::size_t n, double least, double largest) {
      WeightRange& range = negative ? member.totals.negative : member.totals.positive;
      range.add(plan.counted(least));
      range.add(plan.counted(largest));
      drawn.put(rows.subspan(first, n), &delays[first], negative ? slot_negative : slot_positive, &weights[first]);
    };
    if (plan.is_negative(low) == plan.is_negative(high)) {
      put_all(plan.is_negative(low), 0, rows.size(), low, high);
      return;
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const double weight = member.values.weights()[k];
      put_all(plan.is_negative(weight), k, 1, weight, weight);
    }
  }

  template <class Drawn>
  void build_from(SynapseBlock& block, Drawn drawn) {
    if (bundle_.dense) make_stretches(members_.front().plan, block);
    draw(drawn);
    if (drawn.size() == 0) return;
    if (drawn.size() > Drawn::most)
      within("projections." + plans_.front()->spec->name, [&] { Drawn::reject_size(drawn.size()); });
    if (bundle_.dense)
      bundle_.narrow ? store_dense<std::uint16_t>(block, drawn) : store_dense<std::uint32_t>(block, drawn);
    else
      bundle_.narrow ? store<std::uint16_t>(block, drawn) : store<std::uint32_t>(block, drawn);
  }

  template <class Address, class Drawn>
  void store(SynapseBlock& block, Drawn& drawn) {
    using Synapse = StoredAs<Address, Drawn>;
    const bool address_has_delay = delivery_.address_has_delay(bundle_.one_delay != 0);
    const auto address_of = [&, width = delivery_.width](const typename Drawn::Record& record) {
      const std::uint32_t slot = drawn.slot(record);
      return static_cast<Address>(address_has_delay ? drawn.delay(record) * width + slot : slot);
    };
    if (bundle_.plastic) make_columns(block, drawn.size());
    const bool has_slices = delivery_.has_slices(bundle_.one_delay != 0);
    if (has_slices) {
      double spread = 1;
      for (const Member& member : members_) spread = std::max(spread, delays_of(member.plan));
      const double rows = static_cast<double>(block.row_synapses.size() - 1);
      block.slice_shift = delivery_.slice_shift(bundle_.one_delay != 0, expected_ / rows / spread);
      block.row_slices = AlignedColumn<std::uint32_t>(block.row_synapses.size());
    }
    std::vector<DelaySlice> slices;
    std::uint32_t first = 0;  // synapse of the group
    const auto index = [&](const typename Drawn::Sorted& group) {
      for (std::size_t r = 0; r + 1 < group.begin.size(); ++r) {
        const std::size_t row = group.first_row + r;
        block.row_synapses[row + 1] = first + group.begin[r + 1];
        if (!has_slices) continue;
        add_slices(drawn, group.synapses.subspan(group.begin[r], group.begin[r + 1] - group.begin[r]),
                   block.slice_shift, slices);
        block.row_slices[row + 1] = static_cast<std::uint32_t>(slices.size());
      }
      first += static_cast<std::uint32_t>(group.synapses.size());
    };
    if (bundle_.plastic)
      block.data = drawn.template store_as<Address>([&](const typename Drawn::Sorted& group, Address* to) {
        store_plastic(block, first, drawn, group.synapses, to);
        index(group);
      });
    else
      block.data = drawn.template store_as<Synapse>([&](const typename Drawn::Sorted& group, Synapse* to) {
        for (const typename Drawn::Record& record : group.synapses) {
          to->address = address_of(record);
          if constexpr (Drawn::has_weights) to->weight = record.weight;
          ++to;
        }
        index(group);
      });
    block.slices = AlignedColumn<DelaySlice>(slices.size());
    std::copy(slices.begin(), slices.end(), block.slices.begin());
  }

  // Plastic synapses have numbers of targets, and columns, of which the first are the weights' magnitudes.
  void make_columns(SynapseBlock& block, std::size_t synapses) const {
    const auto make = [&]<class Real>(Real) {
      for (const FieldInfo& field : bundle_.plastic->rule->columns) {
        block.columns.emplace_back(synapses * sizeof(Real));
        if (field.initial != 0)
          std::fill_n(reinterpret_cast<Real*>(block.columns.back().data()), synapses, static_cast<Real>(field.initial));
      }
    };
    bundle_.plastic->precision == Precision::single_ ? make(float{}) : make(double{});
  }
  template <class Address, class Drawn>
  void store_plastic(SynapseBlock& block, std::uint32_t first, const Drawn& drawn,
                     std::span<const typename Drawn::Record> synapses, Address* target) const {
    if constexpr (Drawn::has_weights) {
      const bool any_sign = bundle_.plastic->rule->signed_weights;
      const std::uint32_t first_slot = bundle_.plastic->first_slot[lane_];
      using Weight = decltype(Drawn::Record::weight);
      auto* weight = reinterpret_cast<Weight*>(block.columns[0].data()) + first;
      for (const typename Drawn::Record& record : synapses) {
        *target++ = static_cast<Address>(drawn.slot(record) - first_slot);
        *weight++ = static_cast<Weight>(any_sign ? record.weight : std::abs(record.weight));
      }
    }
  }

  // Those of one row.
  template <class Drawn>
  static void add_slices(const Drawn& drawn, std::span<const typename Drawn::Record> synapses, unsigned shift,
                         std::vector<DelaySlice>& slices) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint16_t>::max();  // of a slice's step and count
    std::uint32_t before = 0;                                                  // delay, in units of slices
    for (std::size_t begin = 0, end = 0; begin < synapses.size(); begin = end) {
      const std::uint32_t delay = drawn.delay(synapses[begin]) >> shift;
      while (end < synapses.size() && end - begin < most && drawn.delay(synapses[end]) >> shift == delay) ++end;
      for (; delay - before > most; before += most) slices.push_back({most, 0});
      slices.push_back({static_cast<std::uint16_t>(delay - before), static_cast<std::uint16_t>(end - begin)});
      before = delay;
    }
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

  template <class Address, class Drawn>
  void store_dense(SynapseBlock& block, Drawn& drawn) {
    using Synapse = StoredAs<Address, Drawn>;
    const std::size_t rows = block.row_synapses.size() - 1, places = rows * block.dense_width;
    if constexpr (Drawn::has_weights) {
      using Weight = decltype(Synapse::weight);
      block.dense = AlignedColumn<std::byte>(places * sizeof(Weight));
      std::fill_n(block.as_dense<Weight>(), places, -Weight(0));
    } else {
      block.dense = AlignedColumn<std::byte>(places / 8);
    }
    block.row_others = AlignedColumn<std::uint32_t>(rows + 1);
    std::vector<Synapse> others;  // than the first synapse of a pair
    std::uint32_t first = 0;      // synapse of the group
    drawn.for_each_group([&](const typename Drawn::Sorted& group) {
      for (std::size_t r = 0; r + 1 < group.begin.size(); ++r) {
        const std::size_t row = group.first_row + r;
        store_dense_row(block, row, drawn, group.synapses.subspan(group.begin[r], group.begin[r + 1] - group.begin[r]),
                        others);
        block.row_synapses[row + 1] = first + group.begin[r + 1];
        block.row_others[row + 1] = static_cast<std::uint32_t>(others.size());
      }
      first += static_cast<std::uint32_t>(group.synapses.size());
    });
    if (others.empty()) block.row_others = {};
    block.data = AlignedColumn<std::byte>(others.size() * sizeof(Synapse));
    std::copy(others.begin(), others.end(), block.as<Synapse>());
  }
  template <class Drawn, class Synapse>
  static void store_dense_row(SynapseBlock& block, std::size_t row, const Drawn& drawn,
                              std::span<const typename Drawn::Record> synapses, std::vector<Synapse>& others) {
    const std::size_t begin = row * block.dense_width;
    auto stretch = block.stretches.begin();
    for (const typename Drawn::Record& record : synapses) {
      const std::uint32_t slot = drawn.slot(record);
      while (slot < stretch->first || slot >= stretch->first + stretch->width)  // mostly they ascend
        if (++stretch == block.stretches.end()) stretch = block.stretches.begin();
      const std::size_t place = begin + stretch->at + (slot - stretch->first);
      bool is_first = false;
      Synapse synapse;
      synapse.address = static_cast<decltype(Synapse::address)>(slot);
      if constexpr (Drawn::has_weights) {
        using Weight = decltype(Synapse::weight);
        synapse.weight = static_cast<Weight>(record.weight + Weight(0));  // -0.0 says that there is no synapse
        Weight& weight = block.as_dense<Weight>()[place];
        is_first = std::signbit(static_cast<double>(weight)) && weight == 0;
        if (is_first) weight = synapse.weight;
      } else {
        std::uint16_t& bits = block.as_dense<std::uint16_t>()[place / 16];
        const auto bit = static_cast<std::uint16_t>(1u << place % 16);
        is_first = (bits & bit) == 0;
        bits |= bit;
      }
      if (!is_first) others.push_back(synapse);
    }
  }

  std::span<const ProjectionPlan* const> plans_;
  const SynapseBundle& bundle_;
  DeliveryPlan delivery_;
  std::size_t lane_;
  const std::vector<Piece>& pieces_;
  Precision precision_;
  std::vector<Member> members_;
  double expected_ = 0;  // synapses
  // Of the target being built.
  std::vector<std::uint32_t> sources_, edges_;
  std::vector<double> counted_;  // weights, where their magnitudes count or steps
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
