#include "networks/plastic/signals.hpp"

#include <algorithm>

#include "core/math.hpp"
#include "core/time.hpp"
#include "networks/description/values.hpp"

namespace rheo {

namespace {

Tick delay_ticks(double ms, double dt) {
  return std::clamp<Tick>(ms_to_tick_nearest(ms, dt), 1, SignalPlan::latest);
}

// The least that a delay can be, in ticks.
Tick shortest_delay(const Value& delay, double dt) {
  double ms = 0;
  if (const auto* constant = std::get_if<double>(&delay)) {
    ms = *constant;
  } else {
    ms = std::max(0.0, reach(std::get<Distribution>(delay)).low);
  }
  return delay_ticks(ms, dt);
}

}  // namespace

SignalBoard::SignalBoard(std::vector<SignalPlan> plans, double dt) : dt_(dt) {
  for (SignalPlan& plan : plans) {
    Signal& signal = signals_.emplace_back();
    if (plan.tau > 0) signal.decay = math::exp(-dt / plan.tau);
    if (plan.made_by == SignalPlan::By::spikes) signal.shortest = shortest_delay(plan.delay, dt);
    signal.zero.assign(plan.width, plan.baseline);
    signal.held = signal.zero;
    signal.plan = std::move(plan);
  }
}

std::size_t SignalBoard::find(const std::string& name) const {
  const auto found =
      std::find_if(signals_.begin(), signals_.end(), [&](const Signal& signal) { return signal.plan.name == name; });
  return static_cast<std::size_t>(found - signals_.begin());
}

Tick SignalBoard::window(Tick longest) const {
  for (const Signal& signal : signals_) longest = std::min(longest, signal.shortest);
  return longest;
}

void SignalBoard::fill(Tick now, Tick end) {
  for (Signal& signal : signals_) {
    if (!signal.filtered()) continue;
    signal.filled.erase(signal.filled.begin(), signal.filled.begin() + (now - known_after_));
    for (Tick t = known_to_ + 1; t <= end; ++t) {
      signal.trace *= signal.decay;
      if (const auto first = signal.arriving.begin(); first != signal.arriving.end() && first->first == t) {
        signal.trace += first->second;
        signal.arriving.erase(first);
      }
      const std::vector<Tick>& ticks = signal.plan.ticks;
      const auto pulse = std::lower_bound(ticks.begin(), ticks.end(), t);
      if (pulse != ticks.end() && *pulse == t)
        signal.trace += signal.plan.values[static_cast<std::size_t>(pulse - ticks.begin())];
      signal.filled.push_back(signal.plan.baseline + signal.trace);
    }
  }
  known_after_ = now;
  known_to_ = std::max(known_to_, end);
}

void SignalBoard::take(const SpikeBatch& batch) {
  for (Signal& signal : signals_) {
    const SignalPlan& plan = signal.plan;
    if (plan.made_by != SignalPlan::By::spikes) continue;
    const auto* constant = std::get_if<double>(&plan.delay);
    for (std::size_t k = 0; k < batch.ticks(); ++k) {
      for_each_row(plan.sources, batch.at(k), [&](std::uint32_t row) {
        Tick delay = signal.shortest;
        if (constant == nullptr) {
          RandomStream stream(plan.key, row, batch.tick(k));
          delay = std::max(delay, delay_ticks(draw(std::get<Distribution>(plan.delay), stream), dt_));
        }
        signal.arriving[batch.tick(k) + delay] += plan.amplitude;
      });
    }
  }
}

std::span<const double> SignalBoard::at(std::size_t index, Tick t) const {
  const Signal& signal = signals_[index];
  const SignalPlan& plan = signal.plan;
  if (signal.filtered()) {
    const auto number = static_cast<std::size_t>(t - known_after_ - 1);
    return number < signal.filled.size() ? std::span(&signal.filled[number], 1) : signal.zero;
  }
  if (plan.made_by != SignalPlan::By::times) return t >= signal.since && t <= signal.until ? signal.held : signal.zero;
  const auto after = std::upper_bound(plan.ticks.begin(), plan.ticks.end(), t);
  if (after == plan.ticks.begin() || (plan.pulses && after[-1] != t)) return signal.zero;
  return std::span(plan.values)
      .subspan(static_cast<std::size_t>(after - plan.ticks.begin() - 1) * plan.width, plan.width);
}

Tick SignalBoard::next_nonzero(std::size_t index, Tick after, Tick end) const {
  const Signal& signal = signals_[index];
  const auto differs = [&](Tick t) {
    const std::span<const double> values = at(index, t);
    return std::any_of(values.begin(), values.end(), [](double x) { return x != 0; });
  };
  for (Tick t = after + 1; t <= end; ++t) {
    if (differs(t)) return t;
    if (signal.filtered()) continue;
    // Nothing changes before the next of its times.
    Tick change = never;
    if (signal.plan.made_by == SignalPlan::By::times) {
      const std::vector<Tick>& ticks = signal.plan.ticks;
      const auto later = std::upper_bound(ticks.begin(), ticks.end(), t);
      if (later != ticks.end()) change = *later;
      if (later != ticks.begin() && later[-1] == t) change = std::min(change, t + 1);
    } else {
      if (t < signal.since) change = signal.since;
      if (t == signal.until) change = t + 1;
    }
    if (change > end) break;
    t = change - 1;
  }
  return end + 1;
}

void SignalBoard::set(std::size_t index, std::span<const double> values, Tick t, bool pulse) {
  Signal& signal = signals_[index];
  signal.held.assign(values.begin(), values.end());
  signal.since = t;
  signal.until = pulse ? t : never;
}

void SignalBoard::save(ByteWriter& to) const {
  for (const Signal& signal : signals_) {
    if (signal.plan.made_by == SignalPlan::By::spikes) {
      std::vector<Tick> ticks;
      std::vector<double> amounts;
      for (const auto& [tick, amount] : signal.arriving) {
        ticks.push_back(tick);
        amounts.push_back(amount);
      }
      to.put("signal.arriving.tick", std::span<const Tick>(ticks));
      to.put("signal.arriving", std::span<const double>(amounts));
    }
    if (signal.filtered()) to.put("signal.trace", signal.trace);
    if (signal.is_set()) {
      to.put("signal.since", signal.since);
      to.put("signal.until", signal.until);
      to.put("signal.held", std::span<const double>(signal.held));
    }
  }
}

void SignalBoard::load(Tick now, ByteReader& from) {
  const auto reject = [](const char* key, const char* problem) { throw StateError({.key = key, .problem = problem}); };
  for (Signal& signal : signals_) {
    if (signal.plan.made_by == SignalPlan::By::spikes) {
      const auto ticks = from.get_all<Tick>("signal.arriving.tick");
      const auto amounts = from.get_all<double>("signal.arriving");
      if (ticks.size() != amounts.size()) reject("signal.arriving", "ticks and amounts differ in number");
      signal.arriving.clear();
      for (std::size_t i = 0; i < ticks.size(); ++i) {
        if (ticks[i] <= now) reject("signal.arriving.tick", "not a time to come");
        signal.arriving[ticks[i]] = amounts[i];
      }
    }
    if (signal.filtered()) signal.trace = from.get<double>("signal.trace");
    if (signal.is_set()) {
      signal.since = from.get<Tick>("signal.since");
      signal.until = from.get<Tick>("signal.until");
      from.get("signal.held", std::span<double>(signal.held));
    }
    signal.filled.clear();
  }
  known_after_ = known_to_ = now;
}

std::size_t SignalBoard::bytes() const {
  std::size_t sum = 0;
  for (const Signal& signal : signals_)
    sum += (signal.plan.ticks.capacity() + signal.plan.values.capacity() + signal.filled.capacity() +
            signal.held.capacity() + signal.zero.capacity()) *
               8 +
           signal.arriving.size() * 48;
  return sum;
}

}  // namespace rheo
