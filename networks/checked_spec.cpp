#include "networks/checked_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "networks/connect/list.hpp"
#include "networks/description/trains.hpp"
#include "networks/description/values.hpp"

namespace rheo {

namespace {

std::string number(double x) {
  return fmt::format("{}", x);
}

}  // namespace

std::string listed(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

CheckedSpec::CheckedSpec(const NetworkSpec& spec) : CheckedSpec(spec, Growing()) {
  if (spec.populations.empty())
    reject("populations", {}, "the network has no population", "at least one [populations.NAME]");
  judge_new();
  find_currents();
}

CheckedSpec::CheckedSpec(const NetworkSpec& spec, Growing) : spec_(spec), populations_(spec.populations) {
  if (!(spec.dt > 0) || !std::isfinite(spec.dt))
    reject("simulation.dt", number(spec.dt), "not a tick length", "a number > 0 (ms)");
}

void CheckedSpec::judge_new() {
  populations_.forget();
  for (std::size_t i = first_.size(); i < spec_.populations.size(); ++i) judge_population(i);
  const auto judge = [](const auto& all, std::set<std::string>& known, const char* section, const auto& check) {
    for (std::size_t i = known.size(); i < all.size(); ++i) {
      const std::string key = section + all[i].name;
      if (known.contains(all[i].name)) reject(key, {}, "declared twice", "names that differ");
      check(all[i], key);
      known.insert(all[i].name);
    }
  };
  judge(spec_.projections, projections_, "projections.",
        [this](const auto& one, auto& key) { check_projection(one, key); });
  judge(spec_.inputs, inputs_, "inputs.", [this](const auto& one, auto& key) { check_input(one, key); });
  judge(spec_.signals, signals_, "signals.", [this](const auto& one, auto& key) { check_signal(one, key); });
}

void CheckedSpec::forget_new() {
  populations_.forget();
  first_.resize(std::min(first_.size(), spec_.populations.size()));
  const auto forget = [](const auto& all, std::set<std::string>& known) {
    if (known.size() <= all.size()) return;
    known.clear();
    for (const auto& one : all) known.insert(one.name);
  };
  forget(spec_.projections, projections_);
  forget(spec_.inputs, inputs_);
  forget(spec_.signals, signals_);
}

void CheckedSpec::judge_population(std::size_t i) {
  const PopulationSpec& population = spec_.populations[i];
  const std::string key = "populations." + population.name;
  if (populations_.find(population.name) != &population) reject(key, {}, "declared twice", "names that differ");
  models_.resize(i);
  check_population(population, key);
  const std::uint64_t first = i == 0 ? 0 : std::uint64_t{first_.back()} + spec_.populations[i - 1].size;
  if (first + population.size >= 0xffffffffu)
    reject(key + ".size", std::to_string(population.size), "too many neurons in all", "fewer than 2^32 - 1");
  first_.push_back(static_cast<NeuronId>(first));
}

std::pair<std::size_t, NeuronRange> CheckedSpec::resolve(const Selection& selection, const std::string& key) const {
  return within(key, [&] { return populations_.resolve(selection); });
}

std::uint32_t CheckedSpec::port(std::size_t population, const std::string& name, bool negative,
                                const std::string& key) const {
  const ModelInfo& info = model(population);
  if (info.ports.empty())
    reject(key, '"' + spec_.populations[population].name + '"', "a " + info.name + " has no input",
           "a population that can be reached");
  if (name.empty()) return negative && info.ports.size() > 2 ? 1 : 0;
  for (std::size_t p = 0; p < info.ports.size(); ++p)
    if (info.ports[p].name == name) return static_cast<std::uint32_t>(p);
  reject_unknown(key.substr(0, key.rfind('.')) + ".port", name, "unknown port of " + info.name, names_in(info.ports));
}

bool CheckedSpec::is_conductance(std::size_t population, std::uint32_t port) const {
  return model(population).ports[port].conductance;
}

void CheckedSpec::find_currents() {
  needs_current_.assign(spec_.populations.size(), false);
  has_lasting_current_.assign(spec_.populations.size(), false);
  const auto mark = [&](const std::vector<Selection>& targets, std::vector<bool>& marked) {
    for (const Selection& target : targets) marked[populations_.resolve(target).first] = true;
  };
  for (const InputSpec& input : spec_.inputs) {
    if (input.kind->port() == "I") mark(input.target, needs_current_);
    if (input.kind->lasts()) mark(input.target, has_lasting_current_);
  }
  for (const ProjectionSpec& projection : spec_.projections)
    if (projection.port == "I") mark(projection.target, needs_current_);
}

void CheckedSpec::check_fields(const std::map<std::string, Value>& given, const std::vector<FieldInfo>& known,
                               const std::vector<std::string>& names, std::uint32_t size, const std::string& key,
                               const std::string& what) const {
  for (const auto& [name, value] : given) {
    const auto found =
        std::find_if(known.begin(), known.end(), [&, &n = name](const FieldInfo& f) { return f.name == n; });
    if (found == known.end())
      reject(key + "." + name, {}, "unknown " + what, names.empty() ? "none" : one_of(names), nearest(name, names));
    within(key + "." + name, [&, &one = value] {
      check_count(one, size, "neuron");
      check_value(one, {found->low, found->high}, found->unit);
    });
  }
}

void CheckedSpec::check_population(const PopulationSpec& population, const std::string& key) {
  const ModelInfo* const info = within(key + ".model", [&] { return &neuron_model(population.model); });
  models_.push_back(info);
  if (population.size == 0) reject(key + ".size", "0", "an empty population", "a whole number >= 1");
  std::vector<std::string> names = names_in(info->params);
  for (const OptionInfo& option : info->options) names.push_back(option.name);
  check_options(population, *info, names, key + ".params");
  check_fields(population.params, info->params, names, population.size, key + ".params", "parameter of " + info->name);
  check_fields(population.initial, info->columns, names_in(info->columns), population.size, key + ".initial",
               "state of " + info->name);
  if (info->name == "spike_source" && population.trains)
    within(key + ".params.times", [&] { check_trains(*population.trains, population.size, spec_.dt); });
  if (population.update == PopulationSpec::Update::event) check_event(population, *info, key + ".update");
  within(key, [&] { check_positions(population); });
}

void CheckedSpec::check_options(const PopulationSpec& population, const ModelInfo& info,
                                const std::vector<std::string>& names, const std::string& key) {
  for (const auto& [name, choice] : population.options) {
    const auto found = std::ranges::find(info.options, name, &OptionInfo::name);
    if (found == info.options.end() && std::ranges::find(names, name) != names.end())
      reject(key + "." + name, '"' + choice + '"', "is no number", "a number");
    if (found == info.options.end())
      reject(key + "." + name, '"' + choice + '"', "unknown parameter of " + info.name,
             names.empty() ? "none" : one_of(names), nearest(name, names));
    if (std::ranges::find(found->choices, choice) == found->choices.end())
      reject_unknown(key + "." + name, choice, "unknown choice", found->choices);
  }
}

void CheckedSpec::check_event(const PopulationSpec& population, const ModelInfo& info, const std::string& key) {
  const std::string otherwise = "\"tick\" or \"auto\"";
  if (info.ports.empty()) return;  // the default of a whole experiment, without a meaning for sources
  if (!info.linear)
    reject(key, "\"event\"", info.name + " is not linear between spikes, it needs every tick", otherwise);
  for (const auto& [name, value] : population.params)
    if (!is_constant(value))
      reject(key, "\"event\"", "needs the same parameters for all neurons, and " + name + " differs", otherwise);
}

void CheckedSpec::check_projection(const ProjectionSpec& projection, const std::string& key) const {
  if (projection.source.empty()) reject(key + ".source", {}, "missing", "a population");
  if (projection.target.empty()) reject(key + ".target", {}, "missing", "a population");
  for (const auto& [name, value] : {std::pair(".weight", &projection.weight), std::pair(".delay", &projection.delay)})
    if (!std::holds_alternative<PairValue>(*value))  // judged where pairs are known
      within(key + name, [&, &one = *value] { check_value(one, any_value); });
  check_delay(projection.delay, key + ".delay");
  if (!(projection.velocity >= 0 && std::isfinite(projection.velocity)))
    reject(key + ".velocity", number(projection.velocity), "not a velocity", "a number > 0, or 0 for none");
  if (projection.weight_bits != 0 && projection.weight_bits != 16)
    reject(key + ".weight_bits", std::to_string(projection.weight_bits), "is no size of weights", "16, or 0");
  if (projection.weight_bits != 0 && !projection.plasticity.rule.empty())
    reject(key + ".weight_bits", std::to_string(projection.weight_bits), "weights change under a plasticity rule",
           "no weight_bits, or no plasticity");
  check_transmission(projection, key);
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
    within(key + "." + name,
           [&, &one = *value] { check_count(one, listed->edges ? listed->edges->source.size() : 0, "edge"); });
  }
}

void CheckedSpec::check_transmission(const ProjectionSpec& projection, const std::string& key) const {
  const std::string quoted = "\"" + projection.transmits + "\"";
  const auto by_tick = [&](std::size_t population, const std::string& side) {
    if (spec_.populations[population].update != PopulationSpec::Update::event) return;
    reject("populations." + spec_.populations[population].name + ".update", "\"event\"",
           "is " + side + " of projections." + projection.name + ", which transmits values in every tick",
           "\"tick\" or \"auto\"");
  };
  for (const Selection& source : projection.source) {
    const std::size_t population = resolve(source, key + ".source").first;
    const ModelInfo& info = model(population);
    if (!projection.is_graded()) {
      if (info.spikes) continue;
      reject(key + ".transmits", quoted, info.name + " never spikes",
             "transmits = \"value\", which is its column " + info.value);
    }
    if (projection.transmits == "value" && info.value.empty())
      reject(key + ".transmits", quoted, info.name + " says no value of its own",
             info.columns.empty() ? "\"spikes\"" : "\"spikes\", or " + one_of(names_in(info.columns)));
    if (projection.transmits != "value" &&
        std::ranges::find(info.columns, projection.transmits, &FieldInfo::name) == info.columns.end()) {
      std::vector<std::string> names = names_in(info.columns);
      names.insert(names.begin(), "spikes");
      if (!info.value.empty()) names.emplace_back("value");
      reject_unknown(key + ".transmits", projection.transmits, "unknown state of " + info.name, names);
    }
    by_tick(population, "a source");
  }
  if (!projection.is_graded()) return;
  for (const Selection& target : projection.target) {
    const std::size_t population = resolve(target, key + ".target").first;
    if (is_conductance(population, port(population, projection.port, false, key + ".target")))
      reject(key + ".transmits", quoted, "weight times value would be a conductance, which has no sign",
             "spikes, or a population with currents");
    by_tick(population, "a target");
  }
}

void CheckedSpec::check_delay(const Value& delay, const std::string& key) const {
  const auto check = [&](double shortest, const std::string& at) {
    if (ms_to_tick_nearest(shortest, spec_.dt) < 1)
      reject(at, number(shortest), fmt::format("{} ms rounds to less than one tick of {} ms", shortest, spec_.dt),
             fmt::format("a delay of at least {} (ms)", spec_.dt));
  };
  if (const auto* constant = std::get_if<double>(&delay)) check(*constant, key);
  if (const auto* list = std::get_if<std::vector<double>>(&delay); list != nullptr && !list->empty()) {
    const auto shortest = std::ranges::min_element(*list);
    check(*shortest, fmt::format("{}[{}]", key, shortest - list->begin()));
  }
  if (const auto* drawn = std::get_if<Distribution>(&delay))
    if (const std::optional<double> least = sure_low(*drawn)) check(*least, key);
}

void CheckedSpec::check_disjoint(const std::vector<Selection>& selections, const std::string& key) const {
  within(key, [&] { populations_.check_distinct(selections, false); });
}

InputEnds CheckedSpec::ends_of(const InputSpec& input) const {
  InputEnds ends{.network = spec_, .name = input.name};
  for (const Selection& target : input.target)
    ends.targets += resolve(target, "inputs." + input.name + ".target").second.count();
  ends.current_unit = current_unit(populations_, input.target);
  return ends;
}

SignalEnds CheckedSpec::ends_of(const SignalSpec& signal) const {
  return {.network = spec_, .name = signal.name, .rows = [this, &signal](const std::vector<Selection>& selections) {
            std::vector<SourceRange> rows;
            std::uint32_t count = 0;
            for (const Selection& selection : selections) {
              const auto [population, range] = resolve(selection, "signals." + signal.name + ".source");
              rows.push_back({{first(population) + range.begin, first(population) + range.end, range.step}, count});
              count += range.count();
            }
            return rows;
          }};
}

void CheckedSpec::check_signal(const SignalSpec& signal, const std::string& key) const {
  if (!signal.kind) reject(key + ".kind", {}, "missing", "a kind of signal");
  const SignalEnds ends = ends_of(signal);
  if (const auto* const neurons = signal.kind->neurons())
    within(key + ".source", [&] { populations_.check_distinct(*neurons, true); });
  within(key, [&] {
    check_ranges(signal.kind->clone()->fields());
    signal.kind->check(ends);
  });
}

void CheckedSpec::check_input(const InputSpec& input, const std::string& key) const {
  if (!input.kind) reject(key + ".kind", {}, "missing", "a kind of input");
  if (input.target.empty()) reject(key + ".target", {}, "missing", "a population");
  check_disjoint(input.target, key + ".target");
  for (const Selection& target : input.target)
    port(resolve(target, key + ".target").first, input.kind->port(), false, key + ".target");
  if (!(input.start >= 0)) reject(key + ".start", number(input.start), "before the start", "a time >= 0 (ms)");
  if (input.stop && !(*input.stop > input.start))
    reject(key + ".stop", number(*input.stop), "not after start = " + number(input.start), "a later time (ms)");
  within(key, [&] { check_input_kind(*input.kind, ends_of(input)); });
}

}  // namespace rheo
