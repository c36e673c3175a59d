// Rules that read signals or sweep, against a second implementation: tick by tick for one synapse after the other, from
// the spikes that the network had, without doses, epochs, lanes or batches.
#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>
#include <map>
#include <set>

#include "core/random.hpp"
#include "tests/property/guided_network.hpp"
#include "tests/sanitized.hpp"

namespace test_signal_rules {

using namespace runs;

namespace {

constexpr double dt = 0.1;
constexpr Tick ticks = sanitized ? 1400 : 2600;
using Train = std::vector<Tick>;

struct Followed {
  NeuronId source, target;
  Train arrivals;
  const Train* spikes;  // of the target
  double weight;
};

struct World {
  const NetworkSpec& spec;
  std::map<NeuronId, Train> trains;
  NeuronId first_of_N = 30, first_of_R = 90;

  const Chosen<SignalKind>& signal(const std::string& name) const {
    for (const SignalSpec& one : spec.signals)
      if (one.name == name) return one.kind;
    throw std::runtime_error(name);
  }
  // Of a table: number i of what holds at tick t.
  double table(const std::string& name, Tick t, std::size_t i = 0) const {
    const auto* const pulses = signal(name).as<PulseSignal>();
    const auto* const steps = signal(name).as<StepSignal>();
    const std::vector<double>& times = pulses ? pulses->times : steps->times;
    const TimedValues& values = pulses ? pulses->values : steps->values;
    double value = 0;
    for (std::size_t k = 0; k < times.size(); ++k) {
      const Tick at = pulses ? ms_to_tick_ceil(times[k], dt) : ms_to_tick_nearest(times[k], dt) + 1;
      if (at == t || (at < t && !pulses)) value = values.values[k * values.width + i];
    }
    return value;
  }
  // Pulses, each of which decays with the signal's time constant.
  double filtered(const std::string& name, Tick t) const {
    const PulseSignal& one = *signal(name).as<PulseSignal>();
    double value = 0;
    for (std::size_t k = 0; k < one.times.size(); ++k) {
      const Tick at = ms_to_tick_ceil(one.times[k], dt);
      if (at <= t) value += one.values.values[k] * std::exp(-static_cast<double>(t - at) * dt / one.tau);
    }
    return value;
  }
};

// exp(-age / tau) of what happened up to tick t.
double trace(const Train& train, Tick t, double tau) {
  double sum = 0;
  for (const Tick s : train)
    if (s <= t) sum += std::exp(-static_cast<double>(t - s) * dt / tau);
  return sum;
}
double before(const Train& train, Tick t, double tau) {
  return trace(train, t - 1, tau) * std::exp(-dt / tau);
}
std::size_t count_of(const Train& train, Tick t) {
  return static_cast<std::size_t>(std::count(train.begin(), train.end(), t));
}

// Izhikevich (2007), in steps of dt: the eligibility decays, then the dopamine of the tick acts.
void rewarded(std::vector<Followed>& all, const std::vector<double>& dopamine) {
  const double decay = std::exp(-dt / 12.0);
  for (Followed& one : all) {
    double c = 0;
    for (Tick t = 1; t <= ticks; ++t) {
      // A dose weighs each tick with the decay up to it.
      c *= decay;
      one.weight += 0.1 * c * dopamine[static_cast<std::size_t>(t)] * dt;
      for (std::size_t k = 0; k < count_of(one.arrivals, t); ++k) {
        one.weight = std::min(std::max(one.weight, 0.0), 40.0);
        c -= 2.0 * before(*one.spikes, t, 20);
      }
      if (count_of(*one.spikes, t) > 0) {
        one.weight = std::min(std::max(one.weight, 0.0), 40.0);
        c += 3.0 * trace(one.arrivals, t, 20);
      }
    }
    one.weight = std::min(std::max(one.weight, 0.0), 40.0);
  }
}

// y = H x, xhat = H^T y; what is left of x beside the frozen rows is kept for each tick.
void lateral(const World& world, std::vector<Followed>& all, std::map<std::pair<Tick, NeuronId>, double>& left) {
  std::map<NeuronId, double> residual;
  for (Tick t = 1; t <= ticks; ++t) {
    const double sample = world.filtered("sample", t);
    if (sample != 0) {
      std::map<NeuronId, double> x, y, xhat, old;
      const auto rows = [&](const Followed& h) { return world.table("rows", t, h.target - world.first_of_R); };
      for (const Followed& h : all) x[h.source] = trace(h.arrivals, t, 30);
      for (const Followed& h : all) y[h.target] += h.weight * x[h.source];
      for (const Followed& h : all) {
        if (rows(h) != 0) xhat[h.source] += h.weight * y[h.target];
        if (rows(h) < 0) old[h.source] += h.weight * y[h.target];
      }
      for (Followed& h : all)
        if (rows(h) > 0) h.weight += 0.02 * sample * y[h.target] * (x[h.source] - xhat[h.source]);
      for (NeuronId s = 0; s < 30; ++s) {
        const Train& train = world.trains.count(s) ? world.trains.at(s) : Train{};
        Train arrivals;
        for (const Tick spike : train) arrivals.push_back(spike + 11);
        residual[s] = trace(arrivals, t, 30) - old[s];
      }
    }
    for (const auto& [s, value] : residual) left[{t, s}] = value;
  }
}

void readout(const World& world, std::vector<Followed>& all, const std::map<std::pair<Tick, NeuronId>, double>& left) {
  for (Followed& one : all)
    for (Tick t = 1; t <= ticks; ++t) {
      const std::size_t i = one.target - world.first_of_R;
      const double error = world.table("error", t, i);
      if (error == 0) continue;
      const auto activity = left.find({t, one.source});
      one.weight += 0.5 * world.table("gate", t, i) * error *
                    (0.5 * trace(one.arrivals, t, 20) + (activity == left.end() ? 0 : activity->second));
    }
}

void trials(const World& world, std::vector<Followed>& all) {
  for (Followed& one : all) {
    double n = 0;
    for (Tick t = 1; t <= ticks; ++t) {
      n += static_cast<double>(count_of(one.arrivals, t));
      const double trial = world.table("trial", t);
      if (trial < 0) one.weight += 0.05 * world.table("error", t, one.target - world.first_of_R) * n / 0.1;
      if (trial > 0) n = 0;
    }
  }
}

void at_intervals(std::vector<Followed>& all, Tick interval, const std::function<double(const Followed&, Tick)>& next,
                  double high) {
  for (Tick t = interval; t <= ticks; t += interval) {
    std::vector<double> changed;
    for (const Followed& one : all) changed.push_back(next(one, t));
    for (std::size_t i = 0; i < all.size(); ++i) all[i].weight = std::min(std::max(changed[i], 0.0), high);
  }
}

double drawn(const Value& value, NeuronId index, std::uint64_t seed, const std::string& name) {
  if (const auto* one = std::get_if<double>(&value)) return *one;
  RandomStream stream(random_key(seed, name.substr(0, name.find('|')), name.substr(name.find('|') + 1)), index);
  const auto& d = std::get<Uniform>(std::get<Distribution>(value).kind);
  return stream.uniform(d.low, d.high);
}

}  // namespace

TEST_CASE("rules that read signals or consolidate: weights are those of plain code that goes tick by tick") {
  for (const Precision precision : {Precision::double_, Precision::single_})
    for (const bool eager : {false, true}) {
      if (sanitized && (precision == Precision::double_) == eager) continue;  // each precision and each way once
      NetworkSpec spec = guided(precision, 3, eager);
      Network network(spec, Threads(2));
      std::vector<std::vector<Synapse>> initial(spec.projections.size()), final(spec.projections.size());
      const auto look = [&](std::vector<std::vector<Synapse>>& at) {
        for (std::size_t p = 0; p < at.size(); ++p)
          for (NeuronId source = 0; source < 111; ++source) network.outgoing(p, source, at[p]);
      };
      look(initial);
      Recorder recorder;
      network.simulation().add_sink(recorder);
      network.simulation().run(ticks);
      network.simulation().settle();
      look(final);

      World world{spec, {}};
      for (const auto& [tick, neuron] : recorder.spikes) world.trains[neuron].push_back(tick);
      const Train none;
      std::vector<std::vector<Followed>> all(initial.size());
      for (std::size_t p = 0; p < all.size(); ++p)
        for (const Synapse& s : initial[p]) {
          Train arrivals;
          for (const Tick t : world.trains.count(s.source) ? world.trains[s.source] : none)
            if (const Tick at = t + ms_to_tick_nearest(s.delay, dt); at <= ticks) arrivals.push_back(at);
          all[p].push_back({s.source, s.target, arrivals,
                            world.trains.count(s.target) ? &world.trains[s.target] : &none, std::abs(s.weight)});
          if (p >= 1 && p <= 3) all[p].back().weight = s.weight;
        }

      // Dopamine: spikes of every seventh neuron of N, each after a delay of its own.
      std::vector<double> dopamine(ticks + 1, 0.02);
      const FilteredSignal& reward = *world.signal("dopamine").as<FilteredSignal>();
      const RandomKey key = random_key(spec.seed, "dopamine", "signal.delay");
      for (const auto& [tick, neuron] : recorder.spikes) {
        if (neuron < 30 || neuron >= 90 || (neuron - 30) % 7 != 0) continue;
        RandomStream stream(key, (neuron - 30) / 7, tick);
        const Tick at = tick + ms_to_tick_nearest(stream.uniform(0.7, 30), dt);
        for (Tick t = at; t <= ticks; ++t)
          dopamine[static_cast<std::size_t>(t)] +=
              reward.amplitude * std::exp(-static_cast<double>(t - at) * dt / reward.tau);
      }
      std::map<std::pair<Tick, NeuronId>, double> left;
      rewarded(all[0], dopamine);
      lateral(world, all[1], left);
      readout(world, all[2], left);
      trials(world, all[3]);
      const auto param = [&](std::size_t p, const char* name) {
        return [&, p, name](const Followed& one) {
          return drawn(spec.projections[p].plasticity.params.at(name), one.target - world.first_of_N, spec.seed,
                       spec.projections[p].name + "|plasticity.params." + name);
        };
      };
      at_intervals(
          all[4], 73,
          [&, rho = param(4, "rho")](const Followed& one, Tick t) {
            return one.weight + 0.1 * (trace(*one.spikes, t, 50) / 0.05 - rho(one));
          },
          1000);
      at_intervals(
          all[5], 110,
          [&](const Followed& one, Tick t) {
            return one.weight * (1 + 1e-3 * (20 - trace(*one.spikes, t, 50) / 0.05));
          },
          1000);
      at_intervals(
          all[6], 130,
          [&, total = param(6, "total")](const Followed& one, Tick) {
            double sum = 0;
            for (const Followed& other : all[6])
              if (other.target == one.target) sum += other.weight;
            return one.weight * total(one) / sum;
          },
          1e6);

      for (std::size_t p = 0; p < 7; ++p) {
        double error = 0, range = 0, moved = 0;
        for (std::size_t i = 0; i < all[p].size(); ++i) {
          const double now = p >= 1 && p <= 3 ? final[p][i].weight : std::abs(final[p][i].weight);
          error = std::max(error, std::abs(now - all[p][i].weight));
          range = std::max(range, std::abs(now));
          moved += std::abs(std::abs(final[p][i].weight) - std::abs(initial[p][i].weight));
        }
        INFO(spec.projections[p].name << ", " << (eager ? "eager" : "lazy"));
        CHECK(all[p].size() > 100);
        CHECK(moved / static_cast<double>(all[p].size()) > 1e-3 * range);
        CHECK(error <= (precision == Precision::double_ ? 1e-10 : 1e-5) * range);
        if (!eager)
          std::cout << spec.projections[p].plasticity.rule << ": " << all[p].size() << " synapses, error "
                    << error / range << " of the range of weights in "
                    << (precision == Precision::double_ ? "double" : "single") << " precision\n";
      }
    }
}

}  // namespace test_signal_rules
