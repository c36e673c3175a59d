#include "neurons/inputs/inputs.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace rheo {

NeuronRange NeuronRange::positions_within(std::uint32_t from, std::uint32_t to) const {
  const auto first_at_least = [this](std::uint32_t neuron) {
    return neuron <= begin ? 0 : std::min(count(), (neuron - begin + step - 1) / step);
  };
  return {first_at_least(from), first_at_least(to), 1};
}

Factors profile_factors(const Profile& profile, double dt, Tick first) {
  if (profile.kind == Profile::Kind::constant) return {};
  return [ticks = TickProfile(profile, dt), first](Tick t) { return Factor{ticks.at(t - first + 1)}; };
}

InputValues::InputValues(Precision precision, const std::vector<double>& values) {
  if (precision == Precision::single_)
    single_.assign(values.begin(), values.end());
  else
    double_ = values;
}

PoissonInput::PoissonInput(InputTarget target, Precision precision, RandomKey key, std::uint32_t index_offset,
                           std::vector<std::shared_ptr<const PoissonTable>> tables, const std::vector<double>& weight,
                           Tick delay, PoissonAdd kernel, Factors factors, double peak)
    : InputBase(target, precision),
      key_(key),
      index_offset_(index_offset),
      tables_(std::move(tables)),
      weight_(precision, weight),
      delay_(delay),
      kernel_(kernel),
      factors_(std::move(factors)),
      peak_(peak) {
  // Tables of equal rate are shared, and so are their upper bits.
  std::map<const PoissonTable*, std::shared_ptr<const std::vector<std::uint16_t>>> made;
  for (const auto& table : tables_) {
    auto& high = made[table.get()];
    if (!high) {
      // No draw is above 65535: of the thresholds there, one is enough to notice a tie.
      auto needed = std::vector<std::uint16_t>(table->high().begin(), table->high().end());
      while (needed.size() > 1 && needed[needed.size() - 2] == 65535) needed.pop_back();
      high = std::make_shared<const std::vector<std::uint16_t>>(std::move(needed));
    }
    high_.push_back(high);
    views_.push_back(
        {table->thresholds().data(), table->thresholds().size(), high->data(), high->size(), table->first()});
  }
}

template <class Real>
void PoissonInput::add_in(Tick t, NeuronRange part, Real* to) const {
  const Tick emitted = t - delay_;
  if (!active(emitted)) return;
  const auto keep = [&](double factor) {
    return static_cast<std::uint64_t>(std::clamp(factor / peak_, 0.0, 1.0) *
                                      static_cast<double>(PoissonArgs::keep_all));
  };
  PoissonArgs args{};
  args.keep = PoissonArgs::keep_all;
  Factor factor;
  if (factors_) {
    factor = factors_(emitted);
    if (factor.each == nullptr) args.keep = keep(factor.of(0));
    if (args.keep == 0) return;
  }
  args.key_lo = key_.lo;
  args.key_hi = key_.hi;
  args.tick = static_cast<std::uint64_t>(emitted);
  args.table_per_neuron = views_.size() > 1;
  args.weight_per_neuron = weight_.per_neuron();
  // The kernel works on neighbouring neurons that keep equally many.
  const std::uint32_t step = target_.range.step;
  const std::uint32_t stretch = step == 1 && factor.each == nullptr ? part.end - part.begin : 1;
  for (std::uint32_t i = part.begin; i < part.end; i += stretch) {
    if (factor.each != nullptr) args.keep = keep(factor.of(i));
    args.begin = index_offset_ + i;
    args.end = index_offset_ + i + stretch;
    args.table = views_.data() + (args.table_per_neuron ? i : 0);
    args.weight = weight_.data<Real>() + (args.weight_per_neuron ? i : 0);
    args.row = to + std::size_t{i - part.begin} * step;
    kernel_(args);
  }
}

SpikeInput::SpikeInput(InputTarget target, Precision precision, std::vector<Event> events,
                       const std::vector<double>& weight)
    : InputBase(target, precision), events_(std::move(events)), weight_(precision, weight) {
  std::sort(events_.begin(), events_.end());
}

template <class Real>
void SpikeInput::add_in(Tick t, NeuronRange part, Real* to) const {
  for (auto event = std::lower_bound(events_.begin(), events_.end(), Event{t, part.begin});
       event != events_.end() && event->tick == t && event->position < part.end; ++event)
    to[std::size_t{event->position - part.begin} * target_.range.step] +=
        weight_.data<Real>()[weight_.per_neuron() ? event->position : 0];
}

CurrentInput::CurrentInput(InputTarget target, Precision precision, const std::vector<double>& amplitude,
                           Factors factors)
    : InputBase(target, precision), amplitude_(precision, amplitude), factors_(std::move(factors)) {}

template <class Real>
void CurrentInput::add_in(Tick t, NeuronRange part, Real* to) const {
  if (!active(t)) return;
  const std::size_t n = part.end - part.begin, step = target_.range.step;
  const Factor factors = factors_ ? factors_(t) : Factor{};
  if (factors.each != nullptr) {
    const Real* const amplitude = amplitude_.data<Real>();
    for (std::size_t i = 0; i < n; ++i)
      to[i * step] +=
          amplitude[amplitude_.per_neuron() ? part.begin + i : 0] * static_cast<Real>(factors.of(part.begin + i));
    return;
  }
  const auto factor = static_cast<Real>(factors.of(0));  // 1 for a constant: x 1 changes no bit
  if (factor == 0) return;
  if (amplitude_.per_neuron()) {
    const Real* const each = amplitude_.data<Real>() + part.begin;
    for (std::size_t i = 0; i < n; ++i) to[i * step] += each[i] * factor;
    return;
  }
  const Real common = amplitude_.data<Real>()[0] * factor;
  if (step == 1)
    for (std::size_t i = 0; i < n; ++i) to[i] += common;
  else
    for (std::size_t i = 0; i < n; ++i) to[i * step] += common;
}

NoiseInput::NoiseInput(InputTarget target, Precision precision, RandomKey key, std::uint32_t index_offset,
                       const std::vector<double>& mean, const std::vector<double>& deviation, Tick every,
                       NoiseAdd kernel)
    : InputBase(target, precision),
      key_(key),
      index_offset_(index_offset),
      mean_(precision, mean),
      deviation_(precision, deviation),
      every_(every),
      kernel_(kernel) {}

template <class Real>
void NoiseInput::add_in(Tick t, NeuronRange part, Real* to) const {
  if (!active(t)) return;
  const auto of = [&](const InputValues& values) {
    return values.data<Real>() + (values.per_neuron() ? part.begin : 0);
  };
  kernel_({.key_lo = key_.lo,
           .key_hi = key_.hi,
           .interval = static_cast<std::uint64_t>((t - target_.first) / every_),
           .begin = index_offset_ + part.begin,
           .end = index_offset_ + part.end,
           .mean = of(mean_),
           .deviation = of(deviation_),
           .mean_per_neuron = mean_.per_neuron(),
           .deviation_per_neuron = deviation_.per_neuron(),
           .row = to,
           .step = target_.range.step});
}

// Defined and instantiated here: the inputs' own add_in are.
template <class Concrete>
void InputBase<Concrete>::add(Tick t, std::uint32_t begin, std::uint32_t end, void* row, TouchedSlots* touched,
                              std::uint32_t first_slot) const {
  const NeuronRange part = target_.range.positions_within(begin, end);
  if (part.begin == part.end) return;
  const std::size_t shift = target_.range.begin + std::size_t{part.begin} * target_.range.step - begin;
  const auto* self = static_cast<const Concrete*>(this);
  const auto add_to = [&](auto* to) {
    self->add_in(t, part, to);
    if (touched == nullptr) return;
    const std::size_t reach = (std::size_t{part.end - part.begin} - 1) * target_.range.step + 1;
    for (std::size_t i = 0; i < reach; i += target_.range.step)
      if (to[i] != 0) touched->set(first_slot + static_cast<std::uint32_t>(shift + i));
  };
  if (precision_ == Precision::single_)
    add_to(static_cast<float*>(row) + shift);
  else
    add_to(static_cast<double*>(row) + shift);
}

template class InputBase<PoissonInput>;
template class InputBase<SpikeInput>;
template class InputBase<CurrentInput>;
template class InputBase<NoiseInput>;

}  // namespace rheo
