#include "networks/plastic/signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <utility>

#include "core/diagnostics.hpp"
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

// Returns the numbers of the signals that are expressions, each behind those that it names. Throws BuildError where one
// names itself.
std::vector<std::size_t> order_of_expressions(const std::vector<const SignalPlan*>& plans) {
  std::vector<std::size_t> order;
  enum class Mark { none, open, done };
  std::vector<Mark> marks(plans.size());
  std::vector<std::string> path;
  const std::function<void(std::size_t)> visit = [&](std::size_t index) {
    const SignalPlan& plan = *plans[index];
    if (plan.expression == nullptr || marks[index] == Mark::done) return;
    path.push_back(plan.name);
    if (marks[index] == Mark::open)
      reject("signals." + plan.name + ".value", {},
             "names itself, by way of " + fmt::format("{}", fmt::join(path, " -> ")),
             "signals that do not depend on each other in a circle");
    marks[index] = Mark::open;
    for (const Expression::Reference& reference : plan.expression->references())
      if (reference.variable < plans.size()) visit(reference.variable);
    marks[index] = Mark::done;
    path.pop_back();
    order.push_back(index);
  };
  for (std::size_t i = 0; i < plans.size(); ++i) visit(i);
  return order;
}

}  // namespace

Expression::Names SignalPlan::names_for(std::vector<std::string> signals) {
  for (const char* const name : {"t", "dt", "channel"}) signals.emplace_back(name);
  return {std::move(signals), {}};
}

void check_expressions(const std::vector<SignalPlan>& plans) {
  std::vector<const SignalPlan*> all;
  for (const SignalPlan& plan : plans) all.push_back(&plan);
  order_of_expressions(all);
  for (const SignalPlan& plan : plans) {
    if (plan.expression == nullptr) continue;
    for (const Expression::Reference& reference : plan.expression->references()) {
      const std::string key = "signals." + plan.name + ".value";
      if (reference.variable >= plans.size()) {
        if (reference.channel) reject(key, {}, "asks for one number of t, dt or channel", "these names alone");
        continue;
      }
      const SignalPlan& named = plans[reference.variable];
      if (reference.channel && *reference.channel >= named.width)
        reject(key, fmt::format("{}[{}]", named.name, *reference.channel),
               fmt::format("{} has {} number{}", named.name, named.width, named.width == 1 ? "" : "s"),
               fmt::format("0 to {}", named.width - 1));
      if (!reference.channel && named.width != 1 && named.width != plan.width)
        reject(key, named.name, fmt::format("has {} numbers, and {} has {}", named.width, plan.name, plan.width),
               fmt::format("width = {}, or one of its numbers, as {}[0]", named.width, named.name));
    }
  }
}

SignalBoard::SignalBoard(std::vector<SignalPlan> plans, double dt) : dt_(dt) {
  for (SignalPlan& plan : plans) {
    Signal& signal = signals_.emplace_back();
    if (plan.tau > 0) signal.decay = math::exp(-dt / plan.tau);
    if (plan.made_by == SignalPlan::By::spikes) signal.shortest = shortest_delay(plan.delay, dt);
    signal.zero.assign(plan.width, plan.baseline);
    signal.held = signal.zero;
    signal.plan = std::move(plan);
  }
  std::vector<const SignalPlan*> all;
  for (const Signal& signal : signals_) all.push_back(&signal.plan);
  expressions_ = order_of_expressions(all);
}

std::size_t SignalBoard::find(const std::string& name) const {
  const auto found =
      std::find_if(signals_.begin(), signals_.end(), [&](const Signal& signal) { return signal.plan.name == name; });
  return static_cast<std::size_t>(found - signals_.begin());
}

void SignalBoard::attach(const std::vector<std::unique_ptr<PopulationBlock>>& populations) {
  populations_ = &populations;
  for (Signal& signal : signals_) {
    if (!signal.is_state()) continue;
    NeuronId first = 0;
    for (std::uint32_t p = 0; p < populations.size(); first += populations[p++]->size()) {
      const PopulationBlock& population = *populations[p];
      for (const SourceRange& range : signal.plan.sources) {  // of one population each
        if (range.first < first || range.first >= first + population.size()) continue;
        Signal::Part& part = signal.parts.emplace_back();
        part = {p, range.row, population.find_column(signal.plan.column).value(), {}};
        for (NeuronId neuron = range.first; neuron < range.end; neuron += range.step)
          part.neurons.push_back(neuron - first);
      }
    }
  }
}

Tick SignalBoard::window(Tick now, Tick longest) const {
  for (const Signal& signal : signals_) {
    longest = std::min(longest, signal.shortest);
    if (signal.is_state()) longest = std::min(longest, signal.plan.interval - now % signal.plan.interval);
  }
  return longest;
}

void SignalBoard::look(Tick now) {
  for (Signal& signal : signals_) {
    if (!signal.is_state() || now % signal.plan.interval != 0) continue;
    for (const Signal::Part& part : signal.parts)
      (*populations_)[part.population]->read(part.column, now, part.neurons, signal.held.data() + part.row);
    signal.since = now + 1;
  }
}

void SignalBoard::fill_filtered(Signal& signal, Tick now, Tick end) {
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

// Computes all ticks of the window anew, because what programs and rules set may have changed since the last one.
// Returns the last tick before one that is not finite. Only the first tick is final: a rule may still set what makes a
// later one finite, wherever windows end.
Tick SignalBoard::compute(Signal& signal, Tick now, Tick end) {
  const std::vector<Expression::Reference>& references = signal.plan.expression->references();
  const std::size_t width = signal.plan.width;
  std::vector<double> channels(width), before, given;
  const auto same_bits = [](double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  };
  for (std::size_t i = 0; i < width; ++i) channels[i] = static_cast<double>(i);
  std::vector<std::span<const double>> values(references.size());
  signal.filled.assign(static_cast<std::size_t>(end - now) * width, 0.0);
  for (Tick t = now + 1; t <= end; ++t) {
    const double time = tick_to_ms(t, dt_);
    given.clear();
    for (std::size_t k = 0; k < references.size(); ++k) {
      const auto [which, channel] = references[k];
      values[k] = which < signals_.size()        ? at(which, t)
                  : which == signals_.size()     ? std::span<const double>(&time, 1)
                  : which == signals_.size() + 1 ? std::span<const double>(&dt_, 1)
                                                 : std::span<const double>(channels);
      if (channel) values[k] = values[k].subspan(*channel, 1);
      given.insert(given.end(), values[k].begin(), values[k].end());
    }
    const std::span<double> to = std::span(signal.filled).subspan(static_cast<std::size_t>(t - now - 1) * width, width);
    // Nothing has changed since the tick before, not even the sign of a zero.
    if (t > now + 1 && std::equal(given.begin(), given.end(), before.begin(), same_bits)) {
      std::copy_n(to.data() - width, width, to.data());
      continue;
    }
    signal.plan.expression->evaluate(values, to, scratch_);
    before.swap(given);
    for (std::size_t i = 0; i < width; ++i) {
      if (std::isfinite(to[i])) continue;
      if (t > now + 1) return t - 1;
      throw NumericalError({.key = "signals." + signal.plan.name,
                            .value = fmt::format("{}", to[i]),
                            .problem = fmt::format("is not finite in tick {} (number {})", t, i),
                            .expected = "an expression that is finite for all that it names"});
    }
  }
  return end;
}

Tick SignalBoard::fill(Tick now, Tick end) {
  for (Signal& signal : signals_)
    if (signal.filtered()) fill_filtered(signal, now, end);
  known_after_ = now;
  known_to_ = std::max(known_to_, end);
  for (const std::size_t index : expressions_) end = compute(signals_[index], now, end);
  return end;
}

void SignalBoard::forget(Tick now) {
  for (Signal& signal : signals_) {
    if (signal.plan.made_by != SignalPlan::By::spikes) continue;
    signal.arriving.clear();
    signal.trace = 0;
  }
  for (Signal& signal : signals_) signal.filled.clear();
  known_after_ = known_to_ = now;
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
  if (signal.is_expression()) {
    const auto number = static_cast<std::size_t>(t - known_after_ - 1);
    return number < signal.filled.size() / plan.width
               ? std::span(signal.filled).subspan(number * plan.width, plan.width)
               : std::span<const double>(signal.zero);
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
    if (signal.filtered() || signal.is_expression()) continue;
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
