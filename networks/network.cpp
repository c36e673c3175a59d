#include "networks/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/isa.hpp"
#include "core/memory.hpp"
#include "core/time.hpp"
#include "networks/connect/connector.hpp"
#include "networks/connect/rules.hpp"
#include "networks/delivery/stored_synapses.hpp"
#include "networks/description/positions.hpp"
#include "networks/description/values.hpp"
#include "networks/memory.hpp"
#include "networks/plastic/plan.hpp"
#include "networks/population_plan.hpp"
#include "networks/synapses/builder.hpp"
#include "networks/synapses/layout.hpp"
#include "networks/update.hpp"
#include "neurons/catalogue.hpp"
#include "neurons/factory.hpp"
#include "neurons/inputs/inputs.hpp"
#include "neurons/sources.hpp"

namespace rheo {

namespace {

std::string number(double x) {
  return fmt::format("{}", x);
}

std::vector<std::string> names(const std::vector<FieldInfo>& fields) {
  std::vector<std::string> all;
  for (const FieldInfo& field : fields) all.push_back(field.name);
  return all;
}

std::string list(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

bool brings_current(const InputSpec& input) {
  return input.kind == InputSpec::Kind::current || input.kind == InputSpec::Kind::noise;
}

// Whether an input may stay the same for long, so that a potential comes to rest beside it.
bool lasts(const InputSpec& input) {
  if (input.kind != InputSpec::Kind::noise) return brings_current(input) || input.port == "I";
  const auto* const deviation = std::get_if<double>(&input.deviation);
  return deviation != nullptr && *deviation == 0;
}

// The spec with every name resolved; nothing is drawn or built yet.
class Plan {
 public:
  explicit Plan(const NetworkSpec& spec) : spec_(spec) {
    if (!(spec.dt > 0) || !std::isfinite(spec.dt))
      reject("simulation.dt", number(spec.dt), "not a tick length", "a number > 0 (ms)");
    if (spec.populations.empty())
      reject("populations", {}, "the network has no population", "at least one [populations.NAME]");
    std::uint64_t first = 0;
    for (std::size_t i = 0; i < spec.populations.size(); ++i) {
      const PopulationSpec& population = spec.populations[i];
      const std::string key = "populations." + population.name;
      if (!index_.emplace(population.name, i).second) reject(key, {}, "declared twice", "names that differ");
      check_population(population, key);
      first_.push_back(static_cast<NeuronId>(first));
      first += population.size;
      if (first >= 0xffffffffu)
        reject(key + ".size", std::to_string(population.size), "too many neurons in all", "fewer than 2^32 - 1");
    }
    std::set<std::string> seen;
    for (const ProjectionSpec& projection : spec.projections) {
      const std::string key = "projections." + projection.name;
      if (!seen.insert(projection.name).second) reject(key, {}, "declared twice", "names that differ");
      check_projection(projection, key);
    }
    seen.clear();
    for (const InputSpec& input : spec.inputs) {
      const std::string key = "inputs." + input.name;
      if (!seen.insert(input.name).second) reject(key, {}, "declared twice", "names that differ");
      check_input(input, key);
    }
    find_currents();
  }

  const ModelInfo& model(std::size_t population) const { return *models_[population]; }
  NeuronId first(std::size_t population) const { return first_[population]; }

  std::pair<std::size_t, NeuronRange> resolve(const Selection& selection, const std::string& key) const {
    const auto found = index_.find(selection.population);
    if (found == index_.end()) {
      std::vector<std::string> all;
      for (const auto& [name, index] : index_) all.push_back(name);
      reject(key, "\"" + selection.population + "\"", "no such population", "one of " + list(all),
             nearest(selection.population, all));
    }
    const std::uint32_t size = spec_.populations[found->second].size;
    const std::uint32_t end = selection.end.value_or(size);
    if (end > size || selection.begin >= end || selection.step == 0)
      reject(key,
             selection.population + "[" + std::to_string(selection.begin) + ":" + std::to_string(end) + ":" +
                 std::to_string(selection.step) + "]",
             "selects nothing or more than there is", "a range within 0 to " + std::to_string(size));
    return {found->second, {selection.begin, end, selection.step}};
  }

  // Index of a port of a population's model. Without a name: by the sign of the weight, the first two ports of models
  // that have several.
  std::uint32_t port(std::size_t population, const std::string& name, bool negative, const std::string& key) const {
    const ModelInfo& info = model(population);
    if (info.ports.empty())
      reject(key, "\"" + spec_.populations[population].name + "\"", "a " + info.name + " has no input",
             "a population that can be reached");
    if (name.empty()) return negative && info.ports.size() > 2 ? 1 : 0;
    for (std::size_t p = 0; p < info.ports.size(); ++p)
      if (info.ports[p].name == name) return static_cast<std::uint32_t>(p);
    std::vector<std::string> all;
    for (const PortInfo& one : info.ports) all.push_back(one.name);
    reject(key.substr(0, key.rfind('.')) + ".port", "\"" + name + "\"", info.name + " has no such port",
           "one of " + list(all), nearest(name, all));
  }

  // Whether a port takes the magnitude of weights.
  bool is_conductance(std::size_t population, std::uint32_t port) const {
    return model(population).ports[port].conductance;
  }

  // Whether somebody writes to the population's port of currents, the last one.
  bool needs_current(std::size_t population) const { return needs_current_[population]; }
  bool has_lasting_current(std::size_t population) const { return has_lasting_current_[population]; }

 private:
  void find_currents() {
    needs_current_.assign(spec_.populations.size(), false);
    has_lasting_current_.assign(spec_.populations.size(), false);
    const auto mark = [&](const std::vector<Selection>& targets, std::vector<bool>& marked) {
      for (const Selection& target : targets) marked[index_.at(target.population)] = true;
    };
    for (const InputSpec& input : spec_.inputs) {
      if (brings_current(input) || input.port == "I") mark(input.target, needs_current_);
      if (lasts(input)) mark(input.target, has_lasting_current_);
    }
    for (const ProjectionSpec& projection : spec_.projections)
      if (projection.port == "I") mark(projection.target, needs_current_);
  }

  void check_size(const Value& value, std::size_t size, const std::string& key) const {
    const auto* values = std::get_if<std::vector<double>>(&value);
    if (values != nullptr && values->size() != size)
      reject(key, "a list of " + std::to_string(values->size()), "wrong number of values",
             std::to_string(size) + " values");
  }

  void check_fields(const std::map<std::string, Value>& given, const std::vector<FieldInfo>& known, std::uint32_t size,
                    const std::string& key, const std::string& what) const {
    for (const auto& [name, value] : given) {
      const auto found =
          std::find_if(known.begin(), known.end(), [&, &n = name](const FieldInfo& f) { return f.name == n; });
      if (found == known.end()) {
        const auto all = names(known);
        reject(key + "." + name, {}, "unknown " + what, all.empty() ? "none" : "one of " + list(all),
               nearest(name, all));
      }
      within(key + "." + name, [&, &given = value] { check_value(given, {found->low, found->high}); });
      check_size(value, size, key + "." + name);
    }
  }

  void check_population(const PopulationSpec& population, const std::string& key) {
    const ModelInfo* info = find_neuron_model(population.model);
    if (info == nullptr) {
      std::vector<std::string> all;
      for (const ModelInfo& one : neuron_models()) all.push_back(one.name);
      reject(key + ".model", "\"" + population.model + "\"", "no such model", "one of " + list(all),
             nearest(population.model, all));
    }
    models_.push_back(info);
    if (population.size == 0) reject(key + ".size", "0", "an empty population", "a whole number >= 1");
    check_fields(population.params, info->params, population.size, key + ".params", "parameter of " + info->name);
    check_fields(population.initial, info->columns, population.size, key + ".initial", "state of " + info->name);
    for (const auto& [name, choice] : population.options) {
      const auto found = std::find_if(info->options.begin(), info->options.end(),
                                      [&, &n = name](const OptionInfo& o) { return o.name == n; });
      if (found == info->options.end()) {
        std::vector<std::string> all;
        for (const OptionInfo& one : info->options) all.push_back(one.name);
        reject(key + ".params." + name, "\"" + choice + "\"", info->name + " has no such option",
               all.empty() ? "a number, if it is a parameter" : "one of " + list(all), nearest(name, all));
      }
      if (std::find(found->choices.begin(), found->choices.end(), choice) == found->choices.end())
        reject(key + ".params." + name, "\"" + choice + "\"", "no such choice", "one of " + list(found->choices),
               nearest(choice, found->choices));
    }
    if (info->name == "spike_source") check_trains(population.trains, population.size, key + ".params.times");
    if (population.update == PopulationSpec::Update::event) check_event(population, *info, key + ".update");
    within(key, [&] { check_positions(population); });
  }

  static void check_event(const PopulationSpec& population, const ModelInfo& info, const std::string& key) {
    const std::string otherwise = "\"tick\" or \"auto\"";
    if (info.ports.empty()) return;  // the default of a whole experiment, without a meaning for sources
    if (!info.linear)
      reject(key, "\"event\"", info.name + " is not linear between spikes, it needs every tick", otherwise);
    for (const auto& [name, value] : population.params)
      if (!is_constant(value))
        reject(key, "\"event\"", "needs the same parameters for all neurons, and " + name + " differs", otherwise);
  }

  void check_trains(const std::shared_ptr<const SpikeTrains>& given, std::size_t size, const std::string& key) const {
    if (!given) return;
    const SpikeTrains& trains = *given;
    if (trains.begin.size() != size + 1 || trains.begin.front() != 0 || trains.begin.back() != trains.times.size() ||
        !std::is_sorted(trains.begin.begin(), trains.begin.end()))
      reject(key, {}, "trains do not match the number of neurons", "one list of times per neuron");
    for (std::size_t n = 0; n < size; ++n)
      for (std::size_t i = trains.begin[n]; i < trains.begin[n + 1]; ++i)
        if (!std::isfinite(trains.times[i]) || ms_to_tick_ceil(trains.times[i], spec_.dt) < 1)
          reject(key, number(trains.times[i]), "spike time of neuron " + std::to_string(n), "times > 0 (ms)");
  }

  // Targets must have the port; sources must not overlap.
  void check_projection(const ProjectionSpec& projection, const std::string& key) const {
    if (projection.source.empty()) reject(key + ".source", {}, "missing", "a population");
    if (projection.target.empty()) reject(key + ".target", {}, "missing", "a population");
    within(key + ".weight", [&] { check_value(projection.weight, any_value); });
    within(key + ".delay", [&] { check_value(projection.delay, any_value); });
    if (const auto* delay = std::get_if<double>(&projection.delay);
        delay != nullptr && ms_to_tick_nearest(*delay, spec_.dt) < 1)
      reject(key + ".delay", number(*delay), "rounds to less than one tick",
             "at least dt = " + number(spec_.dt) + " ms");
    if (const auto* d = std::get_if<Distribution>(&projection.delay);
        d != nullptr && (d->kind == Distribution::Kind::uniform || d->kind == Distribution::Kind::integers) &&
        ms_to_tick_nearest(reach(*d).low, spec_.dt) < 1)
      reject(key + ".delay", "from " + number(d->a), "rounds to less than one tick",
             "at least dt = " + number(spec_.dt) + " ms");
    if (!(projection.velocity >= 0 && std::isfinite(projection.velocity)))
      reject(key + ".velocity", number(projection.velocity), "not a velocity", "a number > 0, or 0 for none");
    check_disjoint(projection.source, key + ".source");
    check_disjoint(projection.target, key + ".target");
    std::set<bool> conductance;
    for (const Selection& target : projection.target) {
      const std::size_t population = resolve(target, key + ".target").first;
      conductance.insert(is_conductance(population, port(population, projection.port, false, key + ".target")));
    }
    if (conductance.size() > 1)
      reject(key + ".target", {}, "weights of some targets are conductances, of others not",
             "one projection for each kind");
    const List* const listed = projection.connect.as<List>();
    for (const auto& [name, value] :
         {std::pair<const char*, const Value*>{"weight", &projection.weight}, {"delay", &projection.delay}}) {
      if (!std::holds_alternative<std::vector<double>>(*value)) continue;
      if (listed == nullptr)
        reject(key + "." + name, "a list", "only the rule list takes one value per synapse",
               "a number or a distribution");
      check_size(*value, listed->edges ? listed->edges->source.size() : 0, key + "." + name);
    }
  }

  void check_disjoint(const std::vector<Selection>& selections, const std::string& key) const {
    std::vector<std::pair<NeuronId, NeuronId>> stretches;  // from the first neuron to behind the last one
    for (const Selection& selection : selections) {
      const auto [population, range] = resolve(selection, key);
      stretches.emplace_back(first_[population] + range.begin, first_[population] + range.end);
    }
    std::sort(stretches.begin(), stretches.end());
    for (std::size_t i = 1; i < stretches.size(); ++i)
      if (stretches[i].first < stretches[i - 1].second) {
        const auto after = std::upper_bound(first_.begin(), first_.end(), stretches[i].first);
        reject(key, "\"" + spec_.populations[static_cast<std::size_t>(after - first_.begin()) - 1].name + "\"",
               "selections overlap or interleave", "ranges of neurons that lie apart");
      }
  }

  void check_input(const InputSpec& input, const std::string& key) const {
    if (input.target.empty()) reject(key + ".target", {}, "missing", "a population");
    check_disjoint(input.target, key + ".target");
    std::size_t targets = 0;
    for (const Selection& target : input.target) {
      const auto [population, range] = resolve(target, key + ".target");
      targets += range.count();
      port(population, brings_current(input) ? "I" : input.port, false, key + ".target");
    }
    if (!(input.start >= 0)) reject(key + ".start", number(input.start), "before the start", "a time >= 0 (ms)");
    if (input.stop && !(*input.stop > input.start))
      reject(key + ".stop", number(*input.stop), "not after start", "a later time (ms)");
    check_profile(input.profile, input.kind == InputSpec::Kind::poisson, key + ".profile");
    const auto check = [&](const Value& value, const char* name, const Range& allowed) {
      within(key + "." + name, [&] { check_value(value, allowed); });
      check_size(value, targets, key + "." + name);
    };
    if (brings_current(input)) {
      check(input.amplitude, input.kind == InputSpec::Kind::noise ? "mean" : "amplitude", any_value);
      check(input.deviation, "deviation", non_negative);
      if (!(input.every >= 0) || !std::isfinite(input.every))
        reject(key + ".every", number(input.every), "not an interval", "a time >= 0 (ms)");
      return;
    }
    if (input.kind == InputSpec::Kind::poisson) check(input.rate, "rate", {0, most_per_tick / spec_.dt * 1000});
    if (input.kind == InputSpec::Kind::spikes && !input.trains && input.signal.empty())
      reject(key + ".times", {}, "missing", "one list of times per neuron, one for all, or a signal");
    if (input.kind == InputSpec::Kind::spikes)
      check_trains(input.trains, input.trains && input.trains->begin.size() == 2 ? 1 : targets, key + ".times");
    check(input.weight, "weight", any_value);
    if (!(input.delay >= 0) || !std::isfinite(input.delay))
      reject(key + ".delay", number(input.delay), "not a delay", "a time >= 0 (ms)");
    if (!input.signal.empty() && input.delay > 0)
      reject(key + ".delay", number(input.delay), "a signal acts in its own tick", "no delay");
    if (!(input.peak > 0) || !std::isfinite(input.peak))
      reject(key + ".peak", number(input.peak), "not the largest value of a signal", "a number > 0");
  }

  void check_profile(const Profile& profile, bool is_rate, const std::string& key) const {
    const auto all_finite = [](const std::vector<double>& values) {
      return std::all_of(values.begin(), values.end(), [](double x) { return holds(any_value, x); });
    };
    if (profile.kind == Profile::Kind::constant) return;
    if (!all_finite(profile.times) || !all_finite(profile.values) ||
        !all_finite({profile.period, profile.offset, profile.amplitude, profile.frequency, profile.phase}))
      reject(key, {}, "not all numbers are finite and in range", "numbers from -1e+30 to 1e+30");
    if (profile.period != 0 && ms_to_tick_nearest(profile.period, spec_.dt) < 1)
      reject(key + ".period", number(profile.period), "shorter than a tick", "0, or at least dt (ms)");
    if (is_rate && !(profile.peak() > 0))
      reject(key, {}, "its largest value is " + number(profile.peak()), "a profile that is above 0 at times");
    if (profile.kind == Profile::Kind::sine) return;
    if (profile.times.empty() || profile.times.size() != profile.values.size())
      reject(key + ".values", std::to_string(profile.values.size()) + " values", "one per time is needed",
             "as many as times, at least one");
    if (profile.times.front() < 0 ||
        std::adjacent_find(profile.times.begin(), profile.times.end(), std::greater_equal<>()) != profile.times.end())
      reject(key + ".times", {}, "not ascending from 0 on", "times >= 0 (ms), each later than the one before");
    if (is_rate && *std::min_element(profile.values.begin(), profile.values.end()) < 0)
      reject(key + ".values", {}, "a rate would be negative", "numbers >= 0");
  }

 public:
  static constexpr double most_per_tick = 50'000;  // spikes of one Poisson train: its counts are 16 bits wide

 private:
  const NetworkSpec& spec_;
  std::map<std::string, std::size_t> index_;
  std::vector<const ModelInfo*> models_;
  std::vector<NeuronId> first_;
  std::vector<bool> needs_current_, has_lasting_current_;  // [population]
};

std::unique_ptr<PopulationBlock> build_source(const NetworkSpec& spec, const PopulationSpec& population) {
  std::vector<SpikeSource::Event> events;
  if (population.trains) {
    const SpikeTrains& trains = *population.trains;
    for (std::uint32_t n = 0; n < population.size; ++n)
      for (std::size_t i = trains.begin[n]; i < trains.begin[n + 1]; ++i)
        events.push_back({ms_to_tick_ceil(trains.times[i], spec.dt), n});
  }
  return std::make_unique<SpikeSource>(population.name, population.size, std::move(events));
}

// The description of no more than the first `most` neurons.
PopulationSpec first_neurons(PopulationSpec population, std::uint32_t most) {
  if (population.size <= most) return population;
  population.size = most;
  for (auto* table : {&population.params, &population.initial})
    for (auto& [name, value] : *table)
      if (auto* list = std::get_if<std::vector<double>>(&value)) list->resize(most);
  return population;
}

// Populations, updated as they ask for or as it pays: the first `most` neurons of each.
std::vector<PopulationPlan> plan_populations(const NetworkSpec& spec, const Plan& plan, Isa isa,
                                             std::span<const ProjectionPlan* const> projections, std::uint32_t most) {
  std::vector<PopulationPlan> plans;
  std::vector<PopulationActivity> activities(spec.populations.size());
  for (std::size_t i = 0; i < spec.populations.size(); ++i) {
    const PopulationSpec& population = spec.populations[i];
    plans.push_back(plan_population(spec, population.size > most ? first_neurons(population, most) : population,
                                    plan.model(i), isa));
    plans.back().with_current = plan.needs_current(i);
    plans.back().lasting_current = plan.has_lasting_current(i);
    if (!plan.model(i).ports.empty())
      activities[i].rests =
          within("populations." + spec.populations[i].name, [&] { return rests_by_itself(plans[i]); });
  }
  for (const InputSpec& input : spec.inputs)
    for (const Selection& target : input.target) {
      const auto [population, range] = plan.resolve(target, "inputs." + input.name + ".target");
      activities[population].driven += static_cast<double>(range.count()) / spec.populations[population].size;
    }
  const std::vector<bool> by_event = choose_updates(spec, activities, projections);
  for (std::size_t i = 0; i < plans.size(); ++i) plans[i].by_event = by_event[i];
  return plans;
}

std::vector<std::unique_ptr<PopulationBlock>> build_populations(const NetworkSpec& spec, const Plan& plan, Isa isa,
                                                                std::span<const ProjectionPlan* const> projections) {
  constexpr std::uint32_t all = std::numeric_limits<std::uint32_t>::max();
  const std::vector<PopulationPlan> plans = plan_populations(spec, plan, isa, projections, all);
  std::vector<std::unique_ptr<PopulationBlock>> made;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    made.push_back(plan.model(i).ports.empty()
                       ? build_source(spec, spec.populations[i])
                       : within("populations." + plans[i].name, [&] { return make_population(plans[i]); }));
  }
  return made;
}

// Builds the inputs of one input, one or two for each part of its target.
class InputBuilder {
 public:
  // signals: outlives the inputs; may be nullptr where no input reads one.
  InputBuilder(const NetworkSpec& spec, const Plan& plan, const InputSpec& input, Isa isa, const SignalBoard* signals)
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
    for (const double rate : draw(input_.rate, "rate", {0, Plan::most_per_tick / spec_.dt * 1000})) {
      const double mean = rate * peak * spec_.dt / 1000;
      if (!(mean >= 0 && mean <= Plan::most_per_tick))
        reject(key_ + ".rate", number(rate * peak), "out of range",
               "0 to " + number(Plan::most_per_tick / spec_.dt * 1000) + " Hz");
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
        reject(key_ + "." + use, number(x),
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
  const Plan& plan_;
  const InputSpec& input_;
  Isa isa_;
  const SignalBoard* signals_;
  std::string key_;
  std::uint32_t targets_ = 0;
  std::vector<double> weights_, amplitudes_, deviations_;
  std::map<double, std::shared_ptr<const PoissonTable>> table_of_;  // by mean number of spikes per tick
  std::vector<std::shared_ptr<const PoissonTable>> tables_;
};

// A projection with its names resolved.
struct ResolvedProjection {
  ProjectionPlan plan;
  std::unique_ptr<Connector> connector;
  std::uint32_t targets = 0;
};

// Where the neurons of some selections are, by their number in the projection.
std::function<Point(std::uint32_t)> places_of(const NetworkSpec& spec, const Plan& plan,
                                              const std::vector<Selection>& selections, const std::string& key) {
  struct Range {
    Places places;
    NeuronRange neurons;
    std::uint32_t first;
  };
  std::vector<Range> ranges;
  std::uint32_t first = 0;
  for (const Selection& selection : selections) {
    const auto [population, range] = plan.resolve(selection, key);
    ranges.push_back({Places(spec.populations[population], spec.seed), range, first});
    first += range.count();
  }
  return [ranges](std::uint32_t index) {
    const Range& range = range_of(ranges, index, &Range::first);
    return range.places.at(range.neurons.begin + (index - range.first) * range.neurons.step);
  };
}

// Both sides of a projection for which distance matters must be in the same space.
void place_ends(const NetworkSpec& spec, const Plan& plan, const ProjectionSpec& projection, const std::string& key,
                ConnectorEnds& ends) {
  const bool by_rule = projection.connect.as<Distance>() != nullptr;
  const std::string because = key + (by_rule ? ".connect.rule" : ".velocity");
  const std::string what = by_rule ? "distance" : number(projection.velocity);
  const Positions* space = nullptr;
  for (const auto* side : {&projection.source, &projection.target})
    for (const Selection& selection : *side) {
      const PopulationSpec& population = spec.populations[plan.resolve(selection, key).first];
      const Positions& here = population.positions;
      if (here.kind == Positions::Kind::none)
        reject(because, what, population.name + " has no positions",
               "positions in [populations." + population.name + "]");
      if (space == nullptr) space = &here;
      if (here.dimensions != space->dimensions)
        reject(because, what, "source and target differ in dimensions", "all in 2, or all in 3");
      if (here.periodic != space->periodic || (here.periodic && (here.low != space->low || here.high != space->high)))
        reject(because, what, "source and target are not in the same periodic space",
               "one extent for all, or none periodic");
    }
  if (space->periodic)
    for (std::uint32_t i = 0; i < space->dimensions; ++i) ends.period[i] = space->high[i] - space->low[i];
  ends.source_at = places_of(spec, plan, projection.source, key + ".source");
  ends.target_at = places_of(spec, plan, projection.target, key + ".target");
}

// The time that spikes take from place to place.
void set_travel_time(double velocity, const ConnectorEnds& ends, ProjectionPlan& plan) {
  plan.travel_time = [=](std::uint32_t source, std::uint32_t target) {
    return distance(ends.source_at(source), ends.target_at(target), ends.period) / velocity;
  };
  Point low = ends.source_at(0), high = low;
  const auto include = [&](const Point& at) {
    for (std::size_t i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], at[i]);
      high[i] = std::max(high[i], at[i]);
    }
  };
  for (std::uint32_t source = 0; source < ends.sources; ++source) include(ends.source_at(source));
  for (std::uint32_t target = 0; target < ends.targets; ++target) include(ends.target_at(target));
  for (std::size_t i = 0; i < 3; ++i)
    if (ends.period[i] > 0) high[i] = std::min(high[i], low[i] + ends.period[i] / 2);
  plan.longest_travel_time = distance(low, high, {}) / velocity + plan.dt;  // a tick for what rounding may add
}

ResolvedProjection resolve_projection(const NetworkSpec& spec, const Plan& plan, const ProjectionSpec& projection) {
  const std::string key = "projections." + projection.name;
  ResolvedProjection resolved;
  ProjectionPlan& p = resolved.plan;
  p.spec = &projection;
  p.seed = spec.seed;
  p.dt = spec.dt;
  p.precision = spec.precision;
  for (const Selection& selection : projection.source) {
    const auto [population, range] = plan.resolve(selection, key + ".source");
    const NeuronId first = plan.first(population);
    p.sources.push_back({{first + range.begin, first + range.end, range.step}, p.rows});
    p.rows += range.count();
  }
  std::ranges::sort(p.sources, {}, &SourceRange::first);
  for (const Selection& selection : projection.target) {
    const auto [population, range] = plan.resolve(selection, key + ".target");
    p.targets.push_back({population, plan.first(population), range.begin, range.end, range.step, resolved.targets,
                         plan.port(population, projection.port, false, key + ".target"),
                         plan.port(population, projection.port, true, key + ".target")});
    resolved.targets += range.count();
    p.conductance = plan.is_conductance(population, p.targets.back().port_positive);
    p.excitatory_only = p.conductance && p.targets.back().port_negative == 0;
  }
  const bool one_port = !p.conductance && std::all_of(p.targets.begin(), p.targets.end(), [](const TargetRange& range) {
    return range.port_positive == range.port_negative;
  });
  p.plastic = within(key, [&] { return plan_plasticity(spec, projection, p.rows, resolved.targets, one_port); });
  if (p.plastic) p.plastic->conductance = p.conductance;
  const bool meet = std::any_of(projection.source.begin(), projection.source.end(), [&](const Selection& source) {
    return std::any_of(projection.target.begin(), projection.target.end(),
                       [&](const Selection& target) { return source.population == target.population; });
  });
  ConnectorEnds ends{.sources = p.rows, .targets = resolved.targets};
  if (meet)
    ends.self = [sources = p.sources, targets = p.targets](std::uint32_t target) {
      const TargetRange& range = range_of(targets, target, &TargetRange::first);
      return row_of(sources, range.population_first + range.begin + (target - range.first) * range.step);
    };
  if (projection.connect.as<Distance>() != nullptr || projection.velocity > 0)
    place_ends(spec, plan, projection, key, ends);
  if (projection.velocity > 0) set_travel_time(projection.velocity, ends, p);
  resolved.connector = within(
      key, [&] { return make_connector(projection.connect, ends, random_key(spec.seed, projection.name, "connect")); });
  p.connector = resolved.connector.get();
  return resolved;
}

// The least that a neuron takes: its state, its input, and the parameters that differ between neurons.
double bytes_of_neuron(const PopulationSpec& population, double real) {
  const ModelInfo& model = *find_neuron_model(population.model);
  if (model.ports.empty()) return 1;
  const auto differs = [](const auto& entry) { return !is_constant(entry.second); };
  const auto own = std::count_if(population.params.begin(), population.params.end(), differs);
  return real * static_cast<double>(model.columns.size() + 1 + static_cast<std::size_t>(own));
}

// Refuses what cannot fit before it is allocated, by the least that neurons and synapses take: cheap, and with the
// projection that is too large.
void reject_hopeless(const NetworkSpec& spec, const std::vector<ResolvedProjection>& projections) {
  const auto memory = static_cast<double>(usable_memory());
  const auto reject_beyond = [memory](double bytes, const std::string& key, std::string value) {
    if (bytes > memory)
      reject(key, std::move(value), fmt::format("needs at least {:.1f} GB of memory", bytes / 1e9),
             fmt::format("at most the {:.1f} GB that can be used here", memory / 1e9));
  };
  const double real = static_cast<double>(bytes_of(spec.precision));
  double neurons = 0;
  for (const PopulationSpec& population : spec.populations) {
    neurons += population.size * bytes_of_neuron(population, real);
    reject_beyond(neurons, "populations." + population.name + ".size", std::to_string(population.size));
  }
  double bytes = neurons;
  for (const ResolvedProjection& projection : projections) {
    const double synapses = projection.connector->expected_synapses();
    const PlasticPlan* const plastic = projection.plan.plastic.get();
    const double columns = plastic != nullptr ? static_cast<double>(plastic->rule->columns.size())
                           : is_constant(projection.plan.spec->weight) ? 0.0
                                                                       : 1.0;
    bytes += synapses * (2 + columns * real);
    reject_beyond(bytes + projection.connector->prepared_bytes(),
                  "projections." + projection.plan.spec->name + ".connect", fmt::format("{:.3g} synapses", synapses));
  }
}

// Whether the signal that an input reads is there, and has the numbers that it asks for.
void check_signal_of(const InputSpec& input, const Plan& plan, const std::vector<SignalBoard::Plan>& signals) {
  const std::string key = "inputs." + input.name;
  const auto found = std::find_if(signals.begin(), signals.end(),
                                  [&](const SignalBoard::Plan& one) { return one.spec.name == input.signal; });
  if (found == signals.end()) {
    std::vector<std::string> all;
    for (const SignalBoard::Plan& one : signals) all.push_back(one.spec.name);
    reject(key + ".signal", "\"" + input.signal + "\"", "no such signal",
           all.empty() ? "a signal of [signals]" : "one of " + list(all), nearest(input.signal, all));
  }
  if (input.channel && *input.channel >= found->width)
    reject(key + ".channel", std::to_string(*input.channel), fmt::format("the signal has {} numbers", found->width),
           fmt::format("0 to {}", found->width - 1));
  std::uint32_t targets = 0;
  for (const Selection& target : input.target) targets += plan.resolve(target, key + ".target").second.count();
  if (!input.channel && found->width > 1 && found->width != targets)
    reject(key + ".signal", "\"" + input.signal + "\"", fmt::format("has {} numbers", found->width),
           fmt::format("1, one for each of {} target neurons, or a channel", targets));
}

std::vector<SignalBoard::Plan> plan_signals(const NetworkSpec& spec, const Plan& plan,
                                            const std::vector<ResolvedProjection>& projections) {
  std::vector<SignalBoard::Plan> plans;
  for (const SignalSpec& signal : spec.signals) {
    const std::string key = "signals." + signal.name;
    within(key, [&] { check_signal(spec, signal); });
    SignalBoard::Plan made{.spec = signal, .width = signal.width, .sources = {}};
    std::uint32_t rows = 0;
    if (signal.kind == SignalSpec::Kind::filtered_spikes) {
      made.width = 1;
      for (const Selection& selection : signal.source) {
        const auto [population, range] = plan.resolve(selection, key + ".source");
        const NeuronId first = plan.first(population);
        SourceRange source{{first + range.begin, first + range.end, range.step}, rows};
        made.sources.push_back(source);
        rows += range.count();
      }
      made.key = random_key(spec.seed, signal.name, "signal.delay");
    }
    for (const ResolvedProjection& projection : projections)
      if (signal.kind == SignalSpec::Kind::published && projection.plan.spec->name == signal.projection)
        made.width = projection.plan.rows;
    plans.push_back(std::move(made));
  }
  // Who reads what is published has as many sources as who publishes it.
  for (const ResolvedProjection& projection : projections) {
    const PlasticPlan* const plastic = projection.plan.plastic.get();
    if (plastic == nullptr) continue;
    for (std::size_t k = 0; k < plastic->signals.size(); ++k) {
      if (plastic->signals[k] == PlasticPlan::not_given) continue;
      const SignalBoard::Plan& signal = plans[plastic->signals[k]];
      if (signal.spec.kind == SignalSpec::Kind::published && signal.width != projection.plan.rows)
        reject("projections." + projection.plan.spec->name + ".plasticity.signals." + plastic->rule->signals[k].name,
               "\"" + signal.spec.name + "\"", fmt::format("has {} numbers", signal.width),
               fmt::format("{}, one for each source neuron", projection.plan.rows));
    }
  }
  for (const InputSpec& input : spec.inputs)
    if (!input.signal.empty()) check_signal_of(input, plan, plans);
  return plans;
}

// All that decides what a saved state means: how neurons are numbered, what their state is and what is in flight. Not
// the inputs, which are functions of time and may change, and not the layout.
class Fingerprint {
 public:
  Fingerprint(const NetworkSpec& spec, const std::vector<std::unique_ptr<PopulationBlock>>& populations,
              const std::vector<ProjectionInfo>& projections) {
    add("dt {} seed {} precision {}", spec.dt, spec.seed, bytes_of(spec.precision));
    for (std::size_t i = 0; i < populations.size(); ++i) {
      const PopulationSpec& population = spec.populations[i];
      add("\npopulation {} {} {}", population.name, population.model, population.size);
      if (dynamic_cast<const EventBlock*>(populations[i].get()) != nullptr) add(" update=event");
      for (const auto& [name, choice] : population.options) add(" {}={}", name, choice);
      for (const auto& [name, value] : population.params) add_value(name, value);
      if (const Positions& p = population.positions; p.kind != Positions::Kind::none) {
        add(" positions {} {} {} in {} {}", static_cast<int>(p.kind), fmt::join(p.grid, " "), p.periodic,
            fmt::join(p.low, " "), fmt::join(p.high, " "));
        if (p.points) add_hash("points", *p.points);
      }
    }
    for (std::size_t i = 0; i < projections.size(); ++i) {
      const ProjectionSpec& projection = spec.projections[i];
      add("\nprojection {} {} synapses rule {} port {}", projection.name, projections[i].synapses,
          number_of(projection.connect), projection.port);
      for (const auto* side : {&projection.source, &projection.target})
        for (const Selection& one : *side)
          add(" {}[{}:{}:{}]", one.population, one.begin, one.end ? std::to_string(*one.end) : "", one.step);
      add_connect(projection.connect);
      add_value("weight", projection.weight);
      add_value("delay", projection.delay);
      if (projection.velocity > 0) add(" velocity {}", projection.velocity);
      if (const PlasticitySpec& plasticity = projection.plasticity; !plasticity.rule.empty()) {
        add(" plasticity {}", plasticity.rule);
        for (const auto& [name, value] : plasticity.params) add_value(name, value);
        for (const auto& [name, signal] : plasticity.signals) add(" {}<-{}", name, signal);
      }
    }
    for (const SignalSpec& signal : spec.signals) {
      add("\nsignal {} {} tau {} width {}", signal.name, static_cast<int>(signal.kind), signal.tau, signal.width);
      for (const Selection& one : signal.source)
        add(" {}[{}:{}:{}]", one.population, one.begin, one.end ? std::to_string(*one.end) : "", one.step);
    }
  }
  std::string text() && { return std::move(text_); }

 private:
  static std::size_t number_of(const Connect& connect) {
    const auto& rules = connect_rules();
    return static_cast<std::size_t>(
        std::find_if(rules.begin(), rules.end(), [&](const auto& rule) { return rule->name() == connect->name(); }) -
        rules.begin());
  }
  // The text is that of the first versions, so that states saved by them can still be read.
  void add_connect(const Connect& connect) {
    const auto* const indegree = connect.as<FixedIndegree>();
    const auto* const pairs = connect.as<Bernoulli>();
    const auto* const ring = connect.as<SmallWorld>();
    const auto* const power = connect.as<ScaleFree>();
    const auto* const groups = connect.as<Modular>();
    const auto* const near = connect.as<Distance>();
    bool multapses = true, autapses = true;
    const std::shared_ptr<ConnectRule> rule = connect->clone();
    for (const KindField& field : rule->fields())
      if (const auto* const flag = std::get_if<bool*>(&field.member); flag != nullptr && power == nullptr)
        (field.name == "multapses" ? multapses : autapses) = **flag;
    const double* const same = indegree == nullptr ? nullptr : std::get_if<double>(&indegree->indegree);
    add(" {} {} {} {}", same == nullptr ? 0 : *same,
        pairs != nullptr  ? pairs->p
        : ring != nullptr ? ring->p
        : near != nullptr ? near->p
                          : 0.0,
        multapses, autapses);
    if (indegree != nullptr && same == nullptr) add_value("indegree", indegree->indegree);
    if (const auto* const out = connect.as<FixedOutdegree>()) add(" outdegree {}", out->outdegree);
    if (ring != nullptr) add(" k {}", ring->k);
    if (power != nullptr) add(" alpha {} beta {} {}", power->alpha, power->beta, power->autapses);
    if (groups != nullptr) {
      const NumberTable* const table = groups->p.get();
      add(" groups {} {} p {} {}", table != nullptr ? table->rows : groups->groups.value_or(0),
          table != nullptr ? table->columns : groups->groups.value_or(0), groups->p_in.value_or(0),
          groups->p_out.value_or(0));
      if (table != nullptr) add_hash("p", table->values);
    }
    if (near != nullptr)
      add(" kernel {} scale {} max {}", static_cast<int>(near->kernel), near->scale, near->max_distance.value_or(0));
    if (const auto* const listed = connect.as<List>(); listed != nullptr && listed->edges) {
      add_hash("sources", listed->edges->source);
      add_hash("targets", listed->edges->target);
    }
  }

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  // FNV-1a over the values' bytes: lists may be long.
  template <class T>
  void add_hash(const std::string& name, const std::vector<T>& values) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const std::byte byte : std::as_bytes(std::span<const T>(values)))
      hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3u;
    add(" {}=list of {}: {:016x}", name, values.size(), hash);
  }
  void add_value(const std::string& name, const Value& value) {
    if (const auto* constant = std::get_if<double>(&value)) add(" {}={}", name, *constant);
    if (const auto* list = std::get_if<std::vector<double>>(&value)) add_hash(name, *list);
    if (const auto* d = std::get_if<Distribution>(&value)) {
      add(" {}={}({}, {}, {}, {})", name, static_cast<int>(d->kind), d->a, d->b,
          d->min.value_or(-std::numeric_limits<double>::infinity()),
          d->max.value_or(std::numeric_limits<double>::infinity()));
      if (!d->choices.empty()) add_hash("choices", d->choices);
    }
  }
  std::string text_;
};

// Members of a bundle have a part of its bytes by their number of synapses.
void add_infos(const NetworkSpec& spec, const SynapseBundle& bundle, std::span<const ProjectionPlan* const> plans,
               const std::vector<ProjectionTotals>& totals, std::vector<ProjectionInfo>& infos) {
  std::size_t bytes = 0;
  for (const SynapseBlock& block : bundle.lanes) bytes += block.bytes();
  std::uint64_t synapses = 0;
  for (const ProjectionTotals& total : totals) synapses += total.synapses;
  for (const ProjectionTotals& total : totals) {
    ProjectionInfo info;
    info.name = spec.projections[infos.size()].name;
    info.synapses = total.synapses;
    info.precision = bundle.plastic ? bundle.plastic->precision : spec.precision;
    info.bytes = totals.size() == 1 || synapses == 0
                     ? bytes / totals.size()
                     : static_cast<std::size_t>(static_cast<double>(bytes) * static_cast<double>(total.synapses) /
                                                static_cast<double>(synapses));
    if (total.synapses != 0) {
      info.min_delay = tick_to_ms(total.min_delay, spec.dt);
      info.max_delay = tick_to_ms(total.max_delay, spec.dt);
      info.weights = port_weights(spec, *plans[infos.size()], total.positive, total.negative);
    }
    infos.push_back(std::move(info));
  }
}

Simulation build(const NetworkSpec& spec, const Threads& threads, std::vector<ProjectionInfo>& infos, Lanes& lanes,
                 const StoredSynapses*& synapses, SignalBoard*& signals) {
  const Plan plan(spec);
  reject_hopeless(spec, {});
  const Isa isa = chosen_isa();
  Simulation::Parts parts;
  parts.dt = spec.dt;
  parts.seed = spec.seed;
  parts.precision = spec.precision;
  std::vector<ResolvedProjection> resolved;
  for (const ProjectionSpec& projection : spec.projections)
    resolved.push_back(resolve_projection(spec, plan, projection));
  if (resolved.size() > 65535) reject("projections", std::to_string(resolved.size()), "too many", "at most 65535");
  reject_hopeless(spec, resolved);
  std::vector<const ProjectionPlan*> plans;
  for (const ResolvedProjection& projection : resolved) plans.push_back(&projection.plan);
  parts.populations = build_populations(spec, plan, isa, plans);
  Layout layout = choose_layout(spec, plans, shapes_of(parts.populations));
  std::vector<SynapseBundle> bundles;
  for (std::size_t first = 0; first < resolved.size(); first = layout.bundle_end[bundles.size() - 1]) {
    const std::size_t size = layout.bundle_end[bundles.size()] - first;
    for (std::size_t p = first; p < first + size; ++p)
      within("projections." + plans[p]->spec->name, [&] { resolved[p].connector->prepare(); });
    std::vector<ProjectionTotals> totals(size);
    bundles.push_back(build_bundle(std::span(plans).subspan(first, size), static_cast<std::uint32_t>(first),
                                   layout.delivery, layout.lanes, threads, totals));
    for (std::size_t p = first; p < first + size; ++p) resolved[p].connector.reset();  // what it has drawn may be large
    add_infos(spec, bundles.back(), plans, totals, infos);
  }
  auto made = make_stored_synapses(std::move(bundles), layout.delivery, spec.precision, layout.lanes.slots,
                                   SignalBoard(plan_signals(spec, plan, resolved), spec.dt));
  synapses = made.get();
  signals = made->signals();
  for (const InputSpec& input : spec.inputs) InputBuilder(spec, plan, input, isa, signals).build(parts.inputs);
  parts.delivery = std::move(made);
  lanes = layout.lanes;
  parts.lanes = std::move(layout.lanes);
  parts.fingerprint = Fingerprint(spec, parts.populations, infos).text();
  return Simulation(std::move(parts), threads);
}

}  // namespace

Network::Network(const NetworkSpec& spec, Threads threads)
    : simulation_([&] {
        // Tables, parameters and draws must not depend on the caller's floating-point environment either.
        std::optional<Simulation> built;
        threads.enter([&] { built.emplace(build(spec, threads, projections_, lanes_, synapses_, signals_)); });
        return std::move(*built);
      }()) {}

namespace {

// What even double precision does not hold: steps of less than a thousand ulps.
void warn_of_slow_states(const NetworkSpec& spec, const Plan& plan, std::span<const ProjectionPlan* const> projections,
                         std::vector<Complaint>& warnings) {
  constexpr double smallest_step = 1e-13;
  for (std::size_t i = 0; i < spec.populations.size(); ++i) {
    if (plan.model(i).ports.empty()) continue;
    // Of parameters that are one number each; what is drawn is not known yet.
    PopulationSpec described = spec.populations[i];
    described.size = 1;
    described.initial.clear();
    std::erase_if(described.params, [](const auto& param) { return !is_constant(param.second); });
    const double tau = longest_tau(plan_population(spec, described, plan.model(i), Isa::base));
    if (tau * smallest_step <= spec.dt) continue;
    warnings.push_back({.key = "populations." + described.name + ".params",
                        .problem = fmt::format("the longest time constant is {:g} ms, {:.3g} ticks: even double "
                                               "precision does not hold so slow a change",
                                               tau, tau / spec.dt),
                        .expected = fmt::format("at most {:.0e} ticks", 1 / smallest_step)});
  }
  for (const ProjectionPlan* projection : projections) {
    if (!projection->plastic || projection->plastic->relative_step >= smallest_step) continue;
    warnings.push_back({.key = "projections." + projection->spec->name + ".plasticity.params",
                        .problem = fmt::format("the smallest step of {} is {:.3g} of a weight, which even double "
                                               "precision does not hold",
                                               projection->plastic->rule->name, projection->plastic->relative_step),
                        .expected = fmt::format("steps of at least {:.0e}", smallest_step)});
  }
}

}  // namespace

CheckedNetwork Network::check(const NetworkSpec& spec) {
  const Plan plan(spec);
  reject_hopeless(spec, {});
  std::vector<ResolvedProjection> resolved;
  for (const ProjectionSpec& projection : spec.projections)
    resolved.push_back(resolve_projection(spec, plan, projection));
  plan_signals(spec, plan, resolved);
  reject_hopeless(spec, resolved);
  CheckedNetwork checked;
  std::vector<const ProjectionPlan*> plans;
  for (const ResolvedProjection& projection : resolved) {
    plans.push_back(&projection.plan);
    checked.weights.push_back(described_weights(spec, projection.plan));
  }
  checked.warnings = misleading_signs(spec, plans);
  warn_of_slow_states(spec, plan, plans, checked.warnings);
  return checked;
}

NetworkMemory Network::expected_memory(const NetworkSpec& spec, unsigned threads) {
  const Plan plan(spec);
  reject_hopeless(spec, {});
  std::vector<ResolvedProjection> resolved;
  for (const ProjectionSpec& projection : spec.projections)
    resolved.push_back(resolve_projection(spec, plan, projection));
  std::vector<const ProjectionPlan*> projections;
  for (const ResolvedProjection& projection : resolved) projections.push_back(&projection.plan);
  const std::vector<PopulationPlan> populations =
      plan_populations(spec, plan, chosen_isa(), projections, sampled_neurons);
  std::vector<PopulationShape> shapes;
  for (std::size_t i = 0; i < populations.size(); ++i) {
    const auto ports = static_cast<std::uint32_t>(plan.model(i).ports.size());
    shapes.push_back({spec.populations[i].size, ports == 0 || populations[i].with_current ? ports : ports - 1,
                      populations[i].by_event});
  }
  return rheo::expected_memory(spec, populations, projections, choose_layout(spec, projections, shapes),
                               threads == 0 ? usable_processors() : threads);
}

void Network::check_draws(const NetworkSpec& spec) {
  const Plan plan(spec);
  const Isa isa = chosen_isa();
  for (std::size_t i = 0; i < spec.populations.size(); ++i) {
    if (plan.model(i).ports.empty()) continue;
    PopulationSpec population = spec.populations[i];
    const auto is_number = [](const auto& entry) { return is_constant(entry.second); };
    // Where all neurons are alike, one shows what is wrong.
    if (std::all_of(population.params.begin(), population.params.end(), is_number) &&
        std::all_of(population.initial.begin(), population.initial.end(), is_number))
      population.size = 1;
    const PopulationPlan made = plan_population(spec, population, plan.model(i), isa);
    within("populations." + population.name, [&] { return make_population(made); });
  }
  for (const InputSpec& input : spec.inputs) InputBuilder(spec, plan, input, isa, nullptr).draw_all();
}

namespace {

std::size_t find_signal(const SignalBoard* board, const std::string& name) {
  const std::size_t which = board == nullptr ? 0 : board->find(name);
  if (board == nullptr || which == board->size())
    reject("signals." + name, {}, "no such signal", "one of the network's");
  return which;
}

}  // namespace

void Network::set_signal(const std::string& name, std::span<const double> values, bool pulse) {
  const std::size_t which = find_signal(signals_, name);
  if (signals_->kind(which) != SignalSpec::Kind::task)
    reject("signals." + name, {}, "is made otherwise", "a signal of kind task");
  if (values.size() != signals_->width(which))
    reject("signals." + name, fmt::format("{} numbers", values.size()), "wrong number of values",
           fmt::format("{}", signals_->width(which)));
  for (const double x : values)
    if (!holds(any_value, x)) reject("signals." + name, number(x), "out of range", range_text(any_value, x));
  signals_->set(which, values, simulation_.now() + 1, pulse);
}

std::vector<double> Network::signal(const std::string& name) const {
  const std::span<const double> values = signals_->at(find_signal(signals_, name), simulation_.now());
  return {values.begin(), values.end()};
}

std::pair<NeuronId, std::uint32_t> Network::owner(std::size_t lane, std::uint32_t slot) const {
  const std::vector<Piece>& pieces = lanes_.pieces[lane];
  // The last one that starts at or before the slot: pieces without slots start where the next one does.
  const Piece& piece = range_of(pieces, slot, &Piece::first_slot);
  const std::uint32_t offset = slot - piece.first_slot, width = piece.end - piece.begin;
  const auto p = static_cast<std::size_t>(&piece - pieces.data());
  return {simulation_.populations()[p].first + piece.begin + offset % width, offset / width};
}

void Network::learn(std::string_view projection, bool learns) {
  std::vector<std::string> plastic;
  for (const SynapseBundle& bundle : synapses_->bundles()) {
    if (!bundle.plastic) continue;
    plastic.push_back(projections_[bundle.first].name);
    if (plastic.back() == projection) return simulation_.learn(bundle.first, learns);
  }
  const bool known = std::any_of(projections_.begin(), projections_.end(),
                                 [&](const ProjectionInfo& info) { return info.name == projection; });
  throw BuildError({.key = fmt::format("projections.{}", projection),
                    .problem = known ? "has no plasticity, so that it cannot learn" : "there is no such projection",
                    .expected = plastic.empty() ? std::string() : fmt::format("one of {}", fmt::join(plastic, ", ")),
                    .suggestion = known ? std::string() : nearest(projection, plastic)});
}

SynapseColumn Network::read_column(std::size_t projection, std::size_t column) const {
  return synapses_->read_column(bundle_of(synapses_->bundles(), projection), column);
}

void Network::outgoing(std::size_t projection, NeuronId source, std::vector<Synapse>& to) const {
  const std::size_t index = bundle_of(synapses_->bundles(), projection);
  const SynapseBundle& bundle = synapses_->bundles()[index];
  const auto row = row_of(bundle.sources, source);
  if (row == Connector::nobody) return;
  const std::size_t begin = to.size();
  std::vector<StoredSynapse> stored;
  for (std::size_t lane = 0; lane < lanes_.count(); ++lane) {
    stored.clear();
    synapses_->read(index, lane, row, stored);
    for (const StoredSynapse& one : stored) {
      const auto [target, port] = owner(lane, one.slot);
      if (bundle.projection_of(source, target) == projection)
        to.push_back({source, target, port, one.weight, tick_to_ms(one.delay, simulation_.dt())});
    }
  }
  std::stable_sort(to.begin() + static_cast<std::ptrdiff_t>(begin), to.end(), [](const Synapse& a, const Synapse& b) {
    return std::pair(a.target, a.delay) < std::pair(b.target, b.delay);
  });
}

std::uint64_t Network::synapses() const {
  return std::accumulate(projections_.begin(), projections_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ProjectionInfo& p) { return sum + p.synapses; });
}

std::array<std::uint64_t, 2> Network::synapse_digest() const {
  // The finaliser of splitmix64 (Steele, Lea & Flood 2014).
  const auto mix = [](std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  };
  std::vector<std::array<std::uint64_t, 2>> sums(lanes_.count());
  simulation_.threads().for_each(lanes_.count(), [&](std::size_t lane) {
    std::vector<std::pair<NeuronId, std::uint32_t>> owners;
    for (std::uint32_t slot = 0; slot < lanes_.slots[lane]; ++slot) owners.push_back(owner(lane, slot));
    std::vector<StoredSynapse> stored;
    for (std::size_t b = 0; b < synapses_->bundles().size(); ++b) {
      const SynapseBundle& bundle = synapses_->bundles()[b];
      for (const SourceRange& range : bundle.sources) {
        for (NeuronId source = range.first; source < range.end; source += range.step) {
          stored.clear();
          synapses_->read(b, lane, range.row + (source - range.first) / range.step, stored);
          for (const StoredSynapse& one : stored) {
            const auto [target, port] = owners[one.slot];
            const std::uint64_t projection =
                bundle.members.size() == 1 ? bundle.first : bundle.projection_of(source, target);
            const double weight = bundle.plastic ? 0 : one.weight;
            const std::uint64_t ends = mix(std::uint64_t{source} << 32 | target);
            const std::uint64_t rest = mix(projection << 40 | std::uint64_t{port} << 32 | one.delay);
            const std::uint64_t all =
                mix(mix(ends + 0x9e3779b97f4a7c15u) + rest) ^ std::bit_cast<std::uint64_t>(weight);
            sums[lane][0] += mix(all);
            sums[lane][1] += mix(all + 0x9e3779b97f4a7c15u);
          }
        }
      }
    }
  });
  std::array<std::uint64_t, 2> digest{};
  for (const auto& sum : sums) {
    digest[0] += sum[0];
    digest[1] += sum[1];
  }
  return digest;
}

double Network::bytes_per_synapse() const {
  std::size_t bytes = 0;
  for (const ProjectionInfo& p : projections_) bytes += p.bytes;
  return synapses() == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(synapses());
}

}  // namespace rheo
