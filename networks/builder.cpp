#include "networks/builder.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "core/errors.hpp"
#include "core/math.hpp"
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
        travel_time_(plan.travel_time),
        dt_(plan.dt) {}

  // Calls use(k, weight, delay) for the synapses k of `target`; what is constant is passed as it is. sources, edges: as
  // from the connector.
  template <class Use>
  void for_each(std::uint32_t target, const std::vector<std::uint32_t>& sources,
                const std::vector<std::uint32_t>& edges, const Use& use) const {
    RandomStream weights(weight_key_, target), delays(delay_key_, target);
    for (std::size_t k = 0; k < sources.size(); ++k) {
      const double weight = value(weight_, k, edges, weights);
      const double delay = value(delay_, k, edges, delays);
      use(k, weight, ticks(travel_time_ ? delay + travel_time_(sources[k], target) : delay));
    }
  }
  std::uint32_t ticks(double delay) const {
    const Tick whole = ms_to_tick_nearest(delay, dt_);
    if (whole < 1 || whole > longest)
      throw BuildError(
          {.file = {},
           .key = "delay",
           .value = std::to_string(delay),
           .problem = "a delay of " + std::to_string(whole) + " ticks after rounding to dt",
           .expected = "at least one tick (dt = " + std::to_string(dt_) + " ms) and at most " + std::to_string(longest),
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
  const std::function<double(std::uint32_t, std::uint32_t)>& travel_time_;
  double dt_;
};

bool has_one_delay(const ProjectionPlan& plan) {
  return is_constant(plan.spec->delay) && !plan.travel_time;
}

// Everything one lane needs to know and to say.
class LaneBuilder {
 public:
  LaneBuilder(const ProjectionPlan& plan, Delivery delivery, const std::vector<Piece>& pieces)
      : plan_(plan), delivery_(delivery), pieces_(pieces), values_(plan) {}

  void build(SynapseBlock& block) {
    one_weight_ = is_constant(plan_.spec->weight);
    count(block);
    if (synapses_ == 0) {
      block = {};
      return;
    }
    if (delivery_.narrow)
      fill(block, block.narrow_address);
    else
      fill(block, block.wide_address);
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
        plan_.connector->incoming(target, row_of(plan_.sources, range.population_first + neuron), sources_, edges_);
        use(target, piece.slot(range.port_positive, neuron), piece.slot(range.port_negative, neuron));
      }
    }
  }
  void count(SynapseBlock& block) {
    block.row_synapses = AlignedColumn<std::uint32_t>(std::size_t{plan_.rows} + 1);
    std::uint64_t sum = 0;
    for_each_target([&](std::uint32_t, std::uint32_t, std::uint32_t) {
      for (const std::uint32_t source : sources_) ++block.row_synapses[source + 1];
      sum += sources_.size();
    });
    if (sum > std::numeric_limits<std::uint32_t>::max())
      throw BuildError({.file = {},
                        .key = {},
                        .value = std::to_string(sum) + " synapses onto one lane",
                        .problem = "too many",
                        .expected = "more lanes (simulation.lanes)",
                        .suggestion = {}});
    synapses_ = static_cast<std::uint32_t>(sum);
    for (std::size_t row = 1; row < block.row_synapses.size(); ++row)
      block.row_synapses[row] += block.row_synapses[row - 1];
  }

  template <class Address>
  void fill(SynapseBlock& block, AlignedColumn<Address>& addresses) {
    if (plan_.precision == Precision::single_)
      fill(block, addresses, block.weight_single);
    else
      fill(block, addresses, block.weight_double);
  }

  // Targets ascend while filling, so that a row's synapses stand by (target, canonical order).
  template <class Address, class Real>
  void fill(SynapseBlock& block, AlignedColumn<Address>& addresses, AlignedColumn<Real>& weights) {
    const bool ring = delivery_.kind == Delivery::Kind::ring, one_delay = has_one_delay(plan_);
    addresses = AlignedColumn<Address>(synapses_);
    if (!one_weight_) weights = AlignedColumn<Real>(synapses_);
    AlignedColumn<std::uint32_t> delays(ring ? 0 : synapses_);
    std::vector<std::uint32_t> cursor(block.row_synapses.begin(), block.row_synapses.end() - 1);
    for_each_target([&](std::uint32_t target, std::uint32_t slot_positive, std::uint32_t slot_negative) {
      const auto put = [&](std::size_t k, double weight, std::uint32_t delay) {
        const std::uint32_t at = cursor[sources_[k]]++;
        const std::uint32_t slot = weight < 0 ? slot_negative : slot_positive;
        weight = plan_.counted(weight);
        addresses[at] = static_cast<Address>(ring && !one_delay ? delay * delivery_.width + slot : slot);
        if (!one_weight_) weights[at] = static_cast<Real>(weight);
        if (!ring) delays[at] = delay;
        min_delay_ = std::min(min_delay_, delay);
        max_delay_ = std::max(max_delay_, delay);
      };
      if (one_delay && one_weight_) {
        const double weight = std::get<double>(plan_.spec->weight);
        const std::uint32_t delay = values_.ticks(std::get<double>(plan_.spec->delay));
        for (std::size_t k = 0; k < sources_.size(); ++k) put(k, weight, delay);
      } else {
        values_.for_each(target, sources_, edges_, put);
      }
    });
    if (!ring) sort_rows(block, delays, addresses, weights);
  }

  // Sorts every row by delay, stably, and says where its slices are.
  template <class Address, class Real>
  void sort_rows(SynapseBlock& block, const AlignedColumn<std::uint32_t>& delays, AlignedColumn<Address>& addresses,
                 AlignedColumn<Real>& weights) {
    constexpr std::uint32_t longest_slice = 65535;
    std::vector<std::uint32_t> order;  // synapses of the row, by (delay, canonical order)
    std::vector<Address> row_addresses;
    std::vector<Real> row_weights;
    std::vector<DelaySlice> slices;
    block.row_slices = AlignedColumn<std::uint32_t>(block.row_synapses.size());
    for (std::size_t row = 0; row + 1 < block.row_synapses.size(); ++row) {
      const std::uint32_t begin = block.row_synapses[row], end = block.row_synapses[row + 1];
      order.resize(end - begin);
      std::iota(order.begin(), order.end(), begin);
      std::stable_sort(order.begin(), order.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return delays[a] < delays[b]; });
      row_addresses.assign(addresses.begin() + begin, addresses.begin() + end);
      if (!weights.empty()) row_weights.assign(weights.begin() + begin, weights.begin() + end);
      const std::size_t first_slice = slices.size();
      for (std::uint32_t s = begin; s < end; ++s) {
        const std::uint32_t from = order[s - begin];
        addresses[s] = row_addresses[from - begin];
        if (!weights.empty()) weights[s] = row_weights[from - begin];
        if (slices.size() == first_slice || slices.back().delay != delays[from] || slices.back().count == longest_slice)
          slices.push_back({delays[from], 0});
        ++slices.back().count;
      }
      block.row_slices[row + 1] = static_cast<std::uint32_t>(slices.size());
    }
    block.slices = AlignedColumn<DelaySlice>(slices.size());
    std::copy(slices.begin(), slices.end(), block.slices.begin());
  }

  const ProjectionPlan& plan_;
  Delivery delivery_;
  const std::vector<Piece>& pieces_;
  SynapseValues values_;
  bool one_weight_ = false;
  std::uint32_t synapses_ = 0;
  std::uint32_t min_delay_ = std::numeric_limits<std::uint32_t>::max(), max_delay_ = 0;
  std::vector<std::uint32_t> sources_, edges_;  // of the target being built
};

}  // namespace

std::uint32_t row_of(const std::vector<SourceRange>& sources, NeuronId neuron) {
  for (const SourceRange& range : sources)
    if (neuron >= range.first && neuron < range.end && (neuron - range.first) % range.step == 0)
      return range.row + (neuron - range.first) / range.step;
  return Connector::nobody;
}

double ProjectionPlan::magnitude(double weight) const {
  if (excitatory_only)
    throw BuildError({.file = {},
                      .key = "weight",
                      .value = std::to_string(weight),
                      .problem = "negative, at the excitatory port of a conductance",
                      .expected = "weights >= 0, or no port, so that the sign chooses it",
                      .suggestion = {}});
  return -weight;
}

Tick longest_delay(const ProjectionPlan& plan) {
  const Value& delay = plan.spec->delay;
  constexpr double sigmas = 8.3;  // no normal draw lies further out (core/random.hpp)
  double longest = 0;
  if (const auto* constant = std::get_if<double>(&delay)) longest = *constant;
  if (const auto* list = std::get_if<std::vector<double>>(&delay); list != nullptr && !list->empty())
    longest = *std::max_element(list->begin(), list->end());
  if (const auto* d = std::get_if<Distribution>(&delay)) {
    switch (d->kind) {
      case Distribution::Kind::uniform:
        longest = d->b;
        break;
      case Distribution::Kind::normal:
        longest = d->a + sigmas * d->b;
        break;
      case Distribution::Kind::lognormal:
        longest = math::exp(d->a + sigmas * d->b);
        break;
      case Distribution::Kind::choice:
        longest = *std::max_element(d->choices.begin(), d->choices.end());
        break;
    }
    if (d->max) longest = std::min(longest, *d->max);
  }
  return std::max<Tick>(1, ms_to_tick_nearest(longest + plan.longest_travel_time, plan.dt));
}

ProjectionSynapses build_projection(const ProjectionPlan& plan, Delivery delivery, const Lanes& lanes,
                                    const Threads& threads) {
  ProjectionSynapses built;
  built.sources = plan.sources;
  std::sort(built.sources.begin(), built.sources.end(),
            [](const SourceRange& a, const SourceRange& b) { return a.first < b.first; });
  built.lanes.resize(lanes.count());
  if (const auto* weight = std::get_if<double>(&plan.spec->weight)) built.weight = plan.counted(*weight);
  if (has_one_delay(plan)) built.one_delay = SynapseValues(plan).ticks(std::get<double>(plan.spec->delay));
  std::vector<std::pair<Tick, Tick>> delays(lanes.count(), {never, 0});
  threads.for_each(lanes.count(), [&](std::size_t lane) {
    LaneBuilder builder(plan, delivery, lanes.pieces[lane]);
    builder.build(built.lanes[lane]);
    if (built.lanes[lane].synapses() != 0) delays[lane] = {builder.min_delay(), builder.max_delay()};
  });
  for (const auto& [low, high] : delays) {
    built.min_delay = std::min(built.min_delay, low);
    built.max_delay = std::max(built.max_delay, high);
  }
  return built;
}

}  // namespace rheo
