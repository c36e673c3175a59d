#include "neurons/sources.hpp"

#include <algorithm>
#include <map>

namespace rheo {

SpikeSource::SpikeSource(std::string name, std::uint32_t size, std::vector<Event> events)
    : name_(std::move(name)), size_(size), events_(std::move(events)) {
  std::sort(events_.begin(), events_.end());
}

void SpikeSource::advance(Tick t, std::uint32_t begin, std::uint32_t end, const void*, NeuronId first_id,
                          SpikeList& spikes) {
  for (auto event = std::lower_bound(events_.begin(), events_.end(), Event{t, begin});
       event != events_.end() && event->tick == t && event->neuron < end; ++event)
    spikes.neurons.push_back(first_id + event->neuron);
}

NeuronRange NeuronRange::positions_within(std::uint32_t from, std::uint32_t to) const {
  const auto first_at_least = [this](std::uint32_t neuron) {
    return neuron <= begin ? 0 : std::min(count(), (neuron - begin + step - 1) / step);
  };
  return {first_at_least(from), first_at_least(to), 1};
}

PoissonDrive::PoissonDrive(DriveTarget target, Precision precision, RandomKey key, std::uint32_t index_offset,
                           std::vector<std::shared_ptr<const PoissonTable>> tables, std::vector<double> weight,
                           Tick delay, PoissonAdd kernel)
    : target_(target),
      precision_(precision),
      key_(key),
      index_offset_(index_offset),
      tables_(std::move(tables)),
      delay_(delay),
      kernel_(kernel) {
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
  }
  if (precision == Precision::single_)
    weight_single_.assign(weight.begin(), weight.end());
  else
    weight_double_ = std::move(weight);
}

template <class Real>
void PoissonDrive::add_in(Tick emitted, NeuronRange part, std::uint32_t row_begin, Real* row,
                          const std::vector<Real>& weight) const {
  PoissonArgs args{};
  args.key_lo = key_.lo;
  args.key_hi = key_.hi;
  args.tick = static_cast<std::uint64_t>(emitted);
  // The kernel works on stretches of one table and of neighbouring neurons.
  const bool one_table = tables_.size() == 1, neighbours = target_.range.step == 1;
  const std::uint32_t stretch = one_table && neighbours ? part.end - part.begin : 1;
  for (std::uint32_t i = part.begin; i < part.end; i += stretch) {
    const PoissonTable& table = *tables_[one_table ? 0 : i];
    const std::vector<std::uint16_t>& high = *high_[one_table ? 0 : i];
    args.begin = index_offset_ + i;
    args.end = index_offset_ + i + stretch;
    args.thresholds = table.thresholds().data();
    args.n_thresholds = table.thresholds().size();
    args.high = high.data();
    args.n_high = high.size();
    args.base = table.first();
    args.weight_per_neuron = weight.size() > 1;
    args.weight = weight.data() + (args.weight_per_neuron ? i : 0);
    args.row = row + (target_.range.begin + i * target_.range.step - row_begin);
    kernel_(args);
  }
}

void PoissonDrive::add(Tick t, std::uint32_t begin, std::uint32_t end, void* row) const {
  const Tick emitted = t - delay_;
  if (emitted < target_.first || emitted > target_.last) return;
  const NeuronRange part = target_.range.positions_within(begin, end);
  if (part.begin == part.end) return;
  if (precision_ == Precision::single_)
    add_in(emitted, part, begin, static_cast<float*>(row), weight_single_);
  else
    add_in(emitted, part, begin, static_cast<double*>(row), weight_double_);
}

CurrentDrive::CurrentDrive(DriveTarget target, Precision precision, std::vector<double> amplitude)
    : target_(target), precision_(precision) {
  if (precision == Precision::single_)
    amplitude_single_.assign(amplitude.begin(), amplitude.end());
  else
    amplitude_double_ = std::move(amplitude);
}

template <class Real>
void CurrentDrive::add_in(NeuronRange part, std::uint32_t row_begin, Real* row,
                          const std::vector<Real>& amplitude) const {
  const std::size_t n = part.end - part.begin, step = target_.range.step;
  Real* const to = row + (target_.range.begin + part.begin * target_.range.step - row_begin);
  if (amplitude.size() > 1) {
    const Real* const each = amplitude.data() + part.begin;
    for (std::size_t i = 0; i < n; ++i) to[i * step] += each[i];
  } else if (step == 1) {
    const Real common = amplitude[0];
    for (std::size_t i = 0; i < n; ++i) to[i] += common;
  } else {
    for (std::size_t i = 0; i < n; ++i) to[i * step] += amplitude[0];
  }
}

void CurrentDrive::add(Tick t, std::uint32_t begin, std::uint32_t end, void* row) const {
  if (t < target_.first || t > target_.last) return;
  const NeuronRange part = target_.range.positions_within(begin, end);
  if (part.begin == part.end) return;
  if (precision_ == Precision::single_)
    add_in(part, begin, static_cast<float*>(row), amplitude_single_);
  else
    add_in(part, begin, static_cast<double*>(row), amplitude_double_);
}

}  // namespace rheo
