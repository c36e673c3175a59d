#include "networks/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "networks/description/values.hpp"
#include "neurons/inputs/inputs.hpp"
#include "neurons/kernels/kernels.hpp"

namespace rheo {

namespace {

// Builds the inputs of one input, one or two for each part of its target.
class InputBuilder {
 public:
  // signals: outlives the inputs; may be nullptr where no input reads one.
  InputBuilder(const NetworkSpec& spec, const CheckedSpec& plan, const InputSpec& input, Isa isa,
               const SignalBoard* signals)
      : spec_(spec), plan_(plan), input_(input), isa_(isa), signals_(signals), key_("inputs." + input.name) {
    for (const Selection& target : input.target) targets_ += plan.resolve(target, key_ + ".target").second.count();
  }

  void build(std::vector<std::unique_ptr<Input>>& inputs) {
    draw_all();
    InputTarget where;
    where.first = std::min(ms_to_tick_nearest(input_.start, spec_.dt), never - 1) + 1;
    where.last = input_.stop ? ms_to_tick_nearest(*input_.stop, spec_.dt) : never;
    std::uint32_t offset = 0;
    for (const Selection& selection : input_.target) {
      std::tie(where.population, where.range) = plan_.resolve(selection, key_ + ".target");
      if (brings_current(input_)) {
        where.port = plan_.port(where.population, "I", false, key_ + ".target");
        inputs.push_back(current(where, offset));
      } else {
        // One drive per sign that occurs, so that a weight's sign can choose its port.
        const std::vector<double> weights = part(weights_, where, offset);
        for (const bool negative : {false, true}) {
          if (std::none_of(weights.begin(), weights.end(), [&](double w) { return (w < 0) == negative; })) continue;
          std::vector<double> of_sign = weights;
          for (double& w : of_sign)
            if ((w < 0) != negative) w = 0;
          where.port = plan_.port(where.population, input_.port, negative, key_ + ".target");
          if (negative && plan_.is_conductance(where.population, where.port)) {
            if (where.port == 0)
              reject(key_ + ".weight", {}, "negative, at the excitatory port of a conductance",
                     "weights >= 0, or no port, so that the sign chooses it");
            for (double& w : of_sign) w = -w;
          }
          inputs.push_back(input_.kind == InputSpec::Kind::poisson ? poisson(where, offset, of_sign)
                           : input_.signal.empty()                 ? spikes(where, offset, of_sign)
                                                                   : graded_spikes(where, offset, std::move(of_sign)));
        }
      }
      offset += where.range.count();
    }
  }

  void draw_all() {
    if (input_.kind == InputSpec::Kind::noise) {
      amplitudes_ = draw(input_.amplitude, "mean");
      deviations_ = draw(input_.deviation, "deviation", non_negative);
    } else if (input_.kind == InputSpec::Kind::current) {
      amplitudes_ = draw(input_.amplitude, "amplitude");
      check_product(amplitudes_, "amplitude");
    } else {
      weights_ = draw(input_.weight, "weight");
      if (input_.kind == InputSpec::Kind::spikes) check_product(weights_, "weight");
    }
    if (input_.kind != InputSpec::Kind::poisson) return;
    const double peak = peak_factor();
    for (const double rate : draw(input_.rate, "rate", {0, CheckedSpec::most_per_tick / spec_.dt * 1000})) {
      const double mean = rate * peak * spec_.dt / 1000;
      if (!(mean >= 0 && mean <= CheckedSpec::most_per_tick))
        reject(key_ + ".rate", fmt::format("{}", rate * peak), "out of range",
               "0 to " + fmt::format("{}", CheckedSpec::most_per_tick / spec_.dt * 1000) + " Hz");
      auto& table = table_of_[mean];
      if (!table) table = std::make_shared<const PoissonTable>(mean);
      tables_.push_back(table);
    }
  }

 private:
  std::vector<double> draw(const Value& value, const char* use, const Range& allowed = any_value) const {
    return within(key_ + "." + use,
                  [&] { return per_item(value, targets_, random_key(spec_.seed, input_.name, use), allowed); });
  }
  // What a profile or a table makes of the largest strength must be a number, too.
  void check_product(const std::vector<double>& strengths, const char* use) const {
    double factor = 1;
    const auto include = [&](double x) { factor = std::max(factor, std::fabs(x)); };
    const Profile& profile = input_.profile;
    std::for_each(profile.values.begin(), profile.values.end(), include);
    if (profile.kind == Profile::Kind::sine) include(std::fabs(profile.offset) + std::fabs(profile.amplitude));
    for (const SignalSpec& signal : spec_.signals)
      if (signal.name == input_.signal) std::for_each(signal.values.begin(), signal.values.end(), include);
    for (const double x : strengths)
      if (!holds(any_value, x * factor))
        reject(key_ + "." + use, fmt::format("{}", x),
               fmt::format("times {}, the largest number of its {}, is out of range", factor,
                           input_.signal.empty() ? "profile" : "signal"),
               "a product from -1e+30 to 1e+30");
  }

  // The entries of one part of the target, where there is one per neuron.
  template <class T>
  static std::vector<T> part(const std::vector<T>& values, const InputTarget& where, std::uint32_t offset) {
    if (values.size() <= 1) return values;
    return {values.begin() + offset, values.begin() + offset + where.range.count()};
  }

  double peak_factor() const { return input_.signal.empty() ? input_.profile.peak() : input_.peak; }

  // offset: position of the range among all targets.
  Factors factors(const InputTarget& where, std::uint32_t offset) const {
    if (input_.signal.empty()) return profile_factors(input_.profile, spec_.dt, where.first);
    const std::size_t which = signals_->find(input_.signal);
    const bool each = !input_.channel && signals_->width(which) > 1;
    const std::uint32_t channel = input_.channel.value_or(0);
    const double least = brings_current(input_) ? -std::numeric_limits<double>::infinity() : 0;
    return [board = signals_, which, each, channel, offset, least](Tick t) {
      const std::span<const double> values = board->at(which, t);
      return Factor{values[each ? 0 : channel], each ? values.data() + offset : nullptr, least};
    };
  }
  Tick delay() const { return std::max<Tick>(0, ms_to_tick_nearest(input_.delay, spec_.dt)); }

  std::unique_ptr<Input> current(const InputTarget& where, std::uint32_t offset) const {
    if (input_.kind == InputSpec::Kind::current)
      return std::make_unique<CurrentInput>(where, spec_.precision, part(amplitudes_, where, offset),
                                            factors(where, offset));
    return std::make_unique<NoiseInput>(where, spec_.precision, random_key(spec_.seed, input_.name, "noise"), offset,
                                        part(amplitudes_, where, offset), part(deviations_, where, offset),
                                        std::max<Tick>(1, ms_to_tick_nearest(input_.every, spec_.dt)),
                                        kernels(isa_).noise[static_cast<std::size_t>(spec_.precision)]);
  }

  std::unique_ptr<Input> poisson(const InputTarget& where, std::uint32_t offset,
                                 const std::vector<double>& weights) const {
    return std::make_unique<PoissonInput>(where, spec_.precision, random_key(spec_.seed, input_.name, "poisson"),
                                          offset, part(tables_, where, offset), weights, delay(),
                                          kernels(isa_).poisson[static_cast<std::size_t>(spec_.precision)],
                                          factors(where, offset), peak_factor());
  }

  std::unique_ptr<Input> graded_spikes(const InputTarget& where, std::uint32_t offset,
                                       const std::vector<double>& weights) const {
    return std::make_unique<CurrentInput>(where, spec_.precision, weights, factors(where, offset));
  }

  std::unique_ptr<Input> spikes(const InputTarget& where, std::uint32_t offset,
                                const std::vector<double>& weights) const {
    const SpikeTrains& trains = *input_.trains;
    const bool shared = trains.begin.size() == 2;
    std::vector<SpikeInput::Event> events;
    for (std::uint32_t i = 0; i < where.range.count(); ++i) {
      const std::size_t train = shared ? 0 : offset + i;
      if (weights[weights.size() > 1 ? i : 0] == 0) continue;
      for (std::size_t k = trains.begin[train]; k < trains.begin[train + 1]; ++k)
        events.push_back({ms_to_tick_ceil(trains.times[k], spec_.dt) + delay(), i});
    }
    return std::make_unique<SpikeInput>(where, spec_.precision, std::move(events), weights);
  }

  const NetworkSpec& spec_;
  const CheckedSpec& plan_;
  const InputSpec& input_;
  Isa isa_;
  const SignalBoard* signals_;
  std::string key_;
  std::uint32_t targets_ = 0;
  std::vector<double> weights_, amplitudes_, deviations_;
  std::map<double, std::shared_ptr<const PoissonTable>> table_of_;  // by mean number of spikes per tick
  std::vector<std::shared_ptr<const PoissonTable>> tables_;
};

}  // namespace

void build_input(const NetworkSpec& spec, const CheckedSpec& plan, const InputSpec& input, Isa isa,
                 const SignalBoard* signals, std::vector<std::unique_ptr<Input>>& inputs) {
  InputBuilder(spec, plan, input, isa, signals).build(inputs);
}

void check_draws_of_input(const NetworkSpec& spec, const CheckedSpec& plan, const InputSpec& input, Isa isa) {
  InputBuilder(spec, plan, input, isa, nullptr).draw_all();
}

}  // namespace rheo
