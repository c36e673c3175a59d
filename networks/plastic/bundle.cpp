#include "networks/plastic/bundle.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <vector>

#include "networks/plastic/canonical_order.hpp"
#include "networks/plastic/consolidation.hpp"
#include "networks/plastic/lane.hpp"

namespace rheo {

namespace {

template <class Real>
bool other_precision(Precision sums) {
  return sizeof(Real) == 8 && sums == Precision::single_;
}

template <class Real>
class PlasticBundle final : public LearningSynapses {
 public:
  PlasticBundle(SynapseBundle& bundle, Tick max_delay, Precision sums)
      : bundle_(bundle),
        columns_(bundle.plastic->rule->columns),
        common_(bundle, max_delay),
        lanes_(lanes_of(bundle, common_, other_precision<Real>(sums))),
        consolidation_(common_, lanes_) {}

  void emitted(const SpikeBatch& batch) override {
    // Long before ticks of 32 bits come round again.
    const Tick now = batch.first + static_cast<Tick>(batch.ticks()) - 1;
    for (PlasticLane<Real>& lane : lanes_)
      if (now - lane.targets().epoch() > long_ago / 2) lane.settle(now);
    common_.sources.add(batch);
  }
  std::uint32_t first_record() const override { return common_.sources.first_new(); }
  void arrive(std::size_t lane, Tick t, std::span<const PlasticSlice> slices, void* sums) override {
    lanes_[lane].arrive(t, slices, sums);
  }
  void spiked(std::size_t lane, Tick t, std::span<const NeuronId> neurons) override { lanes_[lane].spiked(t, neurons); }
  void settle(std::size_t lane, Tick t) override { lanes_[lane].show(t); }

  Tick window(const SignalBoard& signals, Tick now, Tick longest) const override {
    if (common_.rule.elapses) longest = std::min(longest, common_.doses.epoch_end() - now);
    return consolidation_.window(signals, now, longest);
  }
  void begin(const SignalBoard& signals, Tick end) override {
    if (common_.rule.elapses) common_.doses.extend(common_.plan, signals, end);
  }
  void between_windows(SignalBoard& signals, Tick now, const Threads& threads) override {
    const bool elapses = common_.rule.elapses, epoch_ends = elapses && now == common_.doses.epoch_end();
    const bool consolidates = consolidation_.is_due(signals, now);
    if (!epoch_ends && !consolidates) return;
    threads.for_each(lanes_.size(), [&](std::size_t l) { lanes_[l].settle(now, elapses && common_.learns); });
    if (elapses) common_.doses.fixed = now;
    if (consolidates) consolidation_.run(signals, now, threads);
    if (epoch_ends) common_.doses.begin_epoch(now);
  }
  void learn(bool learns, Tick now) override {
    elapse(now);
    common_.learns = learns;
  }
  void forget(Tick now) override {
    elapse(now);
    common_.sources.forget();
    for (PlasticLane<Real>& lane : lanes_) {
      lane.restart(now);
      lane.targets().forget(now);
    }
  }
  void begin_write(Tick now) override {
    elapse(now);
    for (PlasticLane<Real>& lane : lanes_) lane.restart(now);
  }
  void set_weight(std::size_t lane, std::uint32_t synapse, double magnitude) override {
    lanes_[lane].stored(0)[synapse] = static_cast<Real>(magnitude);
  }
  bool learns() const override { return common_.learns; }
  std::variant<const float*, const double*> magnitudes(std::size_t lane) const override {
    return lanes_[lane].stored(0);
  }

  double weight(std::size_t lane, std::uint32_t synapse) const override { return lanes_[lane].shown(0)[synapse]; }
  SynapseColumn read_column(std::size_t column) const override {
    std::vector<Real> values;
    values.reserve(bundle_.synapses());
    CanonicalOrder(bundle_).for_each([&](const CanonicalOrder::Place& place, NeuronId) {
      values.push_back(lanes_[place.lane].shown(column)[place.synapse]);
    });
    return values;
  }
  std::optional<Delivery::BrokenSynapse> first_broken() const override;
  void save(Tick now, ByteWriter& to) const override;
  void load(Tick now, const SpikeBatch& in_flight, ByteReader& from) override;

  std::size_t bytes() const override {
    std::size_t sum = common_.sources.bytes() + common_.doses.bytes() + consolidation_.bytes();
    for (const PlasticLane<Real>& lane : lanes_) sum += lane.bytes();
    return sum;
  }
  static double expected_bytes(const PlasticPlan& plan, double width, double synapses, Precision sums) {
    const double target = TargetHistory<Real>::expected_bytes(*plan.rule) +
                          Consolidation<Real>::expected_bytes(*plan.rule) +
                          (other_precision<Real>(sums) ? sizeof(Real) : 0);
    return target * width + (plan.eager ? IncomingSynapses::expected_bytes(width, synapses) : 0);
  }

 private:
  static std::vector<PlasticLane<Real>> lanes_of(SynapseBundle& bundle, const PlasticCommon<Real>& common,
                                                 bool other_sums) {
    std::vector<PlasticLane<Real>> lanes;
    lanes.reserve(bundle.lanes.size());
    for (std::size_t l = 0; l < bundle.lanes.size(); ++l) lanes.emplace_back(common, bundle.lanes[l], l, other_sums);
    return lanes;
  }
  // What synapses do between events ends here, and begins anew.
  void elapse(Tick now) {
    if (common_.rule.elapses && common_.learns)
      for (PlasticLane<Real>& lane : lanes_) lane.settle(now, true);
    common_.doses.fixed = now;
  }
  bool all_finite() const;
  void save_columns(const CanonicalOrder& order, ByteWriter& to) const;
  void load_columns(const CanonicalOrder& order, ByteReader& from);
  void save_targets(const CanonicalOrder& order, Tick now, ByteWriter& to) const;
  void load_targets(const CanonicalOrder& order, ByteReader& from);

  const SynapseBundle& bundle_;
  const std::vector<RuleColumn>& columns_;
  PlasticCommon<Real> common_;
  std::vector<PlasticLane<Real>> lanes_;
  Consolidation<Real> consolidation_;
};

template <class Real>
bool PlasticBundle<Real>::all_finite() const {
  const auto finite = [](const Real* values, std::size_t n) {
    Real sums[16] = {};
    for (std::size_t i = 0; i < n; ++i) sums[i % 16] += values[i] - values[i];  // 0, or not a number
    return std::all_of(std::begin(sums), std::end(sums), [](Real sum) { return sum == 0; });
  };
  return std::all_of(lanes_.begin(), lanes_.end(), [&](const PlasticLane<Real>& lane) {
    for (std::size_t c = 0; c < columns_.size() && !lane.empty(); ++c)
      if (!finite(lane.stored(c), lane.block().synapses()) || !finite(lane.shown(c), lane.block().synapses()))
        return false;
    return true;
  });
}

template <class Real>
std::optional<Delivery::BrokenSynapse> PlasticBundle<Real>::first_broken() const {
  if (all_finite()) return std::nullopt;
  std::optional<Delivery::BrokenSynapse> first;
  CanonicalOrder(bundle_).for_each([&](const CanonicalOrder::Place& place, NeuronId source) {
    const PlasticLane<Real>& lane = lanes_[place.lane];
    for (std::size_t c = 0; c < columns_.size() && !first; ++c)
      if (!std::isfinite(lane.stored(c)[place.synapse]) || !std::isfinite(lane.shown(c)[place.synapse]))
        first = {common_.plan.projection, common_.plan.rule->name, columns_[c].name, source, place.target};
  });
  return first;
}

template <class Real>
void PlasticBundle<Real>::save(Tick now, ByteWriter& to) const {
  const CanonicalOrder order(bundle_);
  to.put("learns", static_cast<std::uint8_t>(common_.learns));
  save_columns(order, to);
  if (common_.rule.elapses) common_.doses.save(now, to);
  common_.sources.save_sources(to);
  save_targets(order, now, to);
  common_.sources.save_in_flight(now, to);
}

template <class Real>
void PlasticBundle<Real>::load(Tick now, const SpikeBatch& in_flight, ByteReader& from) {
  const CanonicalOrder order(bundle_);
  const auto learns = from.get<std::uint8_t>("learns");
  if (learns > 1) throw StateError({.key = "learns", .problem = "neither 0 nor 1"});
  common_.learns = learns == 1;
  load_columns(order, from);
  if (common_.rule.elapses) common_.doses.load(now, from);
  common_.sources.load_sources(now, from);
  load_targets(order, from);
  common_.sources.load_in_flight(in_flight, from);
  for (PlasticLane<Real>& lane : lanes_) lane.restart(now);
}

template <class Real>
void PlasticBundle<Real>::save_columns(const CanonicalOrder& order, ByteWriter& to) const {
  const std::uint64_t synapses = bundle_.synapses();
  to.reserve(columns_.size() * synapses * sizeof(Real) + 64 * order.rows());
  for (std::size_t c = 0; c < columns_.size(); ++c)
    to.put_filled<Real>(columns_[c].name, synapses, [&](std::byte* next) {
      order.for_each_run([&](std::uint32_t lane, std::uint32_t begin, std::uint32_t count) {
        std::memcpy(next, lanes_[lane].stored(c) + begin, count * sizeof(Real));
        next += count * sizeof(Real);
      });
    });
}

template <class Real>
void PlasticBundle<Real>::load_columns(const CanonicalOrder& order, ByteReader& from) {
  std::vector<Real> values(bundle_.synapses());
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    from.get(columns_[c].name, std::span<Real>(values));
    const Real* next = values.data();
    order.for_each_run([&](std::uint32_t lane, std::uint32_t begin, std::uint32_t count) {
      std::copy_n(next, count, lanes_[lane].stored(c) + begin);
      next += count;
    });
  }
}

// Targets that nothing reaches in their lane have no traces; their numbers are those of silent ones.
template <class Real>
void PlasticBundle<Real>::save_targets(const CanonicalOrder& order, Tick now, ByteWriter& to) const {
  std::vector<Tick> last;
  for (const CanonicalOrder::Target& target : order.targets())
    last.push_back(lanes_[target.lane].targets().last(target.number, now));
  to.put("target.last", std::span<const Tick>(last));
  for (std::size_t k = 0; k < common_.rule.post.size(); ++k) {
    std::vector<Real> values;
    for (const CanonicalOrder::Target& target : order.targets())
      values.push_back(lanes_[target.lane].targets().trace(k, target.number));
    to.put("target.trace", std::span<const Real>(values));
  }
}

template <class Real>
void PlasticBundle<Real>::load_targets(const CanonicalOrder& order, ByteReader& from) {
  const std::vector<CanonicalOrder::Target>& targets = order.targets();
  std::vector<Tick> last(targets.size());
  from.get("target.last", std::span<Tick>(last));
  for (std::size_t i = 0; i < targets.size(); ++i)
    lanes_[targets[i].lane].targets().set_last(targets[i].number, last[i]);
  std::vector<Real> values(targets.size());
  for (std::size_t k = 0; k < common_.rule.post.size(); ++k) {
    from.get("target.trace", std::span<Real>(values));
    for (std::size_t i = 0; i < targets.size(); ++i)
      lanes_[targets[i].lane].targets().set_trace(k, targets[i].number, values[i]);
  }
}

}  // namespace

double learning_bytes(const PlasticPlan& plan, double width, double synapses, Precision sums) {
  return plan.precision == Precision::single_ ? PlasticBundle<float>::expected_bytes(plan, width, synapses, sums)
                                              : PlasticBundle<double>::expected_bytes(plan, width, synapses, sums);
}

std::unique_ptr<LearningSynapses> make_learning_synapses(SynapseBundle& bundle, Tick max_delay, Precision sums) {
  if (bundle.plastic->precision == Precision::single_)
    return std::make_unique<PlasticBundle<float>>(bundle, max_delay, sums);
  return std::make_unique<PlasticBundle<double>>(bundle, max_delay, sums);
}

}  // namespace rheo
