#include "networks/builder.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "core/errors.hpp"
#include "core/time.hpp"
#include "networks/values.hpp"

namespace rheo {

namespace {

// Delays in ticks and weights of one target's synapses, drawn in canonical order.
class SynapseValues {
 public:
  explicit SynapseValues(const ProjectionPlan& plan)
      : weight_(plan.spec->weight),
        delay_(plan.spec->delay),
        weight_key_(random_key(plan.seed, plan.spec->name, "weight")),
        delay_key_(random_key(plan.seed, plan.spec->name, "delay")),
        dt_(plan.dt) {}

  // Calls use(k, weight, delay) for the synapses k of `target`; what is constant is passed as it is. edges: as from the
  // connector, empty unless it lists.
  template <class Use>
  void for_each(std::uint32_t target, std::size_t count, const std::vector<std::uint32_t>& edges, const Use& use) const {
    RandomStream weights(weight_key_, target), delays(delay_key_, target);
    for (std::size_t k = 0; k < count; ++k) {
      const double weight = value(weight_, k, edges, weights);
      use(k, weight, ticks(value(delay_, k, edges, delays)));
    }
  }
  std::uint32_t ticks(double delay) const {
    const Tick whole = ms_to_tick_nearest(delay, dt_);
    if (whole < 1 || whole > longest)
      throw BuildError({.file = {}, .key = "delay", .value = std::to_string(delay),
                        .problem = "a delay of " + std::to_string(whole) + " ticks after rounding to dt",
                        .expected = "at least one tick (dt = " + std::to_string(dt_) + " ms) and at most " +
                                    std::to_string(longest),
                        .suggestion = {}});
    return static_cast<std::uint32_t>(whole);
  }

 private:
  static constexpr Tick longest = 10'000'000;
  static double value(const Value& v, std::size_t k, const std::vector<std::uint32_t>& edges, RandomStream& stream) {
    if (const auto* constant = std::get_if<double>(&v)) return *constant;
    if (const auto* list = std::get_if<std::vector<double>>(&v)) return (*list)[edges[k]];
    return draw(std::get<Distribution>(v), stream);
  }
  const Value& weight_;
  const Value& delay_;
  RandomKey weight_key_, delay_key_;
  double dt_;
};

// Everything one lane needs to know and to say.
class LaneBuilder {
 public:
  LaneBuilder(const ProjectionPlan& plan, const std::vector<Piece>& pieces, std::uint32_t slots)
      : plan_(plan), pieces_(pieces), slots_(slots), values_(plan) {}

  void build(SynapseBlock& block) {
    one_delay_ = is_constant(plan_.spec->delay);
    one_weight_ = is_constant(plan_.spec->weight);
    count(block);
    if (synapses_ == 0) {
      block = {};
      return;
    }
    if (slots_ <= 65536)
      fill(block, block.narrow_targets);
    else
      fill(block, block.wide_targets);
  }
  std::uint32_t min_delay() const { return min_delay_; }
  std::uint32_t max_delay() const { return max_delay_; }

 private:
  // use(target, sources, edges, slots by sign) for every target of this lane, ascending.
  template <class Use>
  void for_each_target(const Use& use) {
    for (const TargetRange& range : plan_.targets) {
      const Piece& piece = pieces_[range.population];
      std::uint32_t neuron = range.begin;
      if (piece.begin > neuron) neuron += (piece.begin - neuron + range.step - 1) / range.step * range.step;
      for (; neuron < std::min(piece.end, range.end); neuron += range.step) {
        const std::uint32_t target = range.first + (neuron - range.begin) / range.step;
        sources_.clear();
        edges_.clear();
        plan_.connector->incoming(target, row_of(range.population_first + neuron), sources_, edges_);
        use(target, piece.slot(range.port_positive, neuron), piece.slot(range.port_negative, neuron));
      }
    }
  }
  std::uint32_t row_of(NeuronId neuron) const {
    for (const SourceRange& range : plan_.sources)
      if (neuron >= range.first && neuron < range.end && (neuron - range.first) % range.step == 0)
        return range.row + (neuron - range.first) / range.step;
    return Connector::nobody;
  }

  void count(SynapseBlock& block) {
    block.row_synapses = AlignedColumn<std::uint32_t>(std::size_t{plan_.rows} + 1);
    std::uint64_t sum = 0;
    for_each_target([&](std::uint32_t, std::uint32_t, std::uint32_t) {
      for (const std::uint32_t source : sources_) ++block.row_synapses[source + 1];
      sum += sources_.size();
    });
    if (sum > std::numeric_limits<std::uint32_t>::max())
      throw BuildError({.file = {}, .key = {}, .value = std::to_string(sum) + " synapses onto one lane",
                        .problem = "too many", .expected = "more lanes (simulation.lanes)", .suggestion = {}});
    synapses_ = static_cast<std::uint32_t>(sum);
    for (std::size_t row = 1; row < block.row_synapses.size(); ++row) block.row_synapses[row] += block.row_synapses[row - 1];
  }

  template <class Target>
  void fill(SynapseBlock& block, AlignedColumn<Target>& targets) {
    if (plan_.precision == Precision::single_)
      fill(block, targets, block.weights_single);
    else
      fill(block, targets, block.weights_double);
  }

  // Targets ascend while filling, so that a row's synapses of one delay stand by (target, canonical order) already.
  template <class Target, class Real>
  void fill(SynapseBlock& block, AlignedColumn<Target>& targets, AlignedColumn<Real>& weights) {
    targets = AlignedColumn<Target>(synapses_);
    if (!one_weight_) weights = AlignedColumn<Real>(synapses_);
    AlignedColumn<std::uint32_t> delays(one_delay_ ? 0 : synapses_);
    std::vector<std::uint32_t> cursor(block.row_synapses.begin(), block.row_synapses.end() - 1);
    for_each_target([&](std::uint32_t target, std::uint32_t slot_positive, std::uint32_t slot_negative) {
      const auto put = [&](std::size_t k, double weight, std::uint32_t delay) {
        const std::uint32_t at = cursor[sources_[k]]++;
        targets[at] = static_cast<Target>(weight < 0 ? slot_negative : slot_positive);
        if (!one_weight_) weights[at] = static_cast<Real>(weight);
        if (!one_delay_) delays[at] = delay;
        min_delay_ = std::min(min_delay_, delay);
        max_delay_ = std::max(max_delay_, delay);
      };
      if (one_delay_ && one_weight_) {
        const double weight = std::get<double>(plan_.spec->weight);
        const std::uint32_t delay = values_.ticks(std::get<double>(plan_.spec->delay));
        for (std::size_t k = 0; k < sources_.size(); ++k) put(k, weight, delay);
      } else {
        values_.for_each(target, sources_.size(), edges_, put);
      }
    });
    if (!one_delay_) sort_rows(block, delays, targets, weights);
  }

  template <class Target, class Real>
  void sort_rows(SynapseBlock& block, AlignedColumn<std::uint32_t>& delays, AlignedColumn<Target>& targets,
                 AlignedColumn<Real>& weights) {
    // Stable counting sort of each row by delay; `used` lists the delays of a row so that few counters are touched.
    const std::size_t range = std::size_t{max_delay_} - min_delay_ + 1;
    std::vector<std::uint32_t> counts(range, 0), used;
    std::vector<Target> row_targets;
    std::vector<Real> row_weights;
    std::vector<DelaySlice<std::uint32_t>> slices;
    block.row_slices = AlignedColumn<std::uint32_t>(block.row_synapses.size());
    std::uint32_t largest = max_delay_;
    for (std::size_t row = 0; row + 1 < block.row_synapses.size(); ++row) {
      const std::uint32_t begin = block.row_synapses[row], end = block.row_synapses[row + 1];
      used.clear();
      for (std::uint32_t s = begin; s < end; ++s)
        if (counts[delays[s] - min_delay_]++ == 0) used.push_back(delays[s]);
      if (range <= 4 * used.size()) {
        used.clear();
        for (std::size_t d = 0; d < range; ++d)
          if (counts[d] != 0) used.push_back(min_delay_ + static_cast<std::uint32_t>(d));
      } else {
        std::sort(used.begin(), used.end());
      }
      std::uint32_t at = 0;
      for (const std::uint32_t delay : used) {
        const std::uint32_t count = counts[delay - min_delay_];
        slices.push_back({delay, count});
        largest = std::max(largest, count);
        counts[delay - min_delay_] = at;  // from here on the place of the next synapse
        at += count;
      }
      row_targets.assign(targets.begin() + begin, targets.begin() + end);
      if (!weights.empty()) row_weights.assign(weights.begin() + begin, weights.begin() + end);
      for (std::uint32_t s = begin; s < end; ++s) {
        const std::uint32_t to = begin + counts[delays[s] - min_delay_]++;
        targets[to] = row_targets[s - begin];
        if (!weights.empty()) weights[to] = row_weights[s - begin];
      }
      for (const std::uint32_t delay : used) counts[delay - min_delay_] = 0;
      block.row_slices[row + 1] = static_cast<std::uint32_t>(slices.size());
    }
    const auto keep = [&](auto& column) {
      using Slice = std::remove_reference_t<decltype(column[0])>;
      column = std::remove_reference_t<decltype(column)>(slices.size());
      for (std::size_t s = 0; s < slices.size(); ++s)
        column[s] = Slice{static_cast<decltype(Slice::delay)>(slices[s].delay),
                          static_cast<decltype(Slice::count)>(slices[s].count)};
    };
    if (largest <= 65535)
      keep(block.narrow_slices);
    else
      keep(block.wide_slices);
  }

  const ProjectionPlan& plan_;
  const std::vector<Piece>& pieces_;
  std::uint32_t slots_;
  SynapseValues values_;
  bool one_delay_ = false, one_weight_ = false;
  std::uint32_t synapses_ = 0;
  std::uint32_t min_delay_ = std::numeric_limits<std::uint32_t>::max(), max_delay_ = 0;
  std::vector<std::uint32_t> sources_, edges_;  // of the target being built
};

}  // namespace

Projection::Parts build_projection(const ProjectionPlan& plan, const Lanes& lanes, const Threads& threads) {
  Projection::Parts parts;
  parts.precision = plan.precision;
  parts.sources = plan.sources;
  std::sort(parts.sources.begin(), parts.sources.end(),
            [](const SourceRange& a, const SourceRange& b) { return a.first < b.first; });
  parts.blocks.resize(lanes.count());
  if (const auto* weight = std::get_if<double>(&plan.spec->weight)) parts.weight = *weight;
  if (const auto* delay = std::get_if<double>(&plan.spec->delay)) SynapseValues(plan).ticks(*delay);
  std::vector<std::pair<Tick, Tick>> delays(lanes.count(), {never, 0});
  threads.for_each(lanes.count(), [&](std::size_t lane) {
    LaneBuilder builder(plan, lanes.pieces[lane], lanes.slots[lane]);
    builder.build(parts.blocks[lane]);
    if (parts.blocks[lane].synapses() != 0) delays[lane] = {builder.min_delay(), builder.max_delay()};
  });
  for (const auto& [low, high] : delays) {
    parts.min_delay = std::min(parts.min_delay, low);
    parts.max_delay = std::max(parts.max_delay, high);
  }
  return parts;
}

}  // namespace rheo
