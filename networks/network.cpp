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
#include "networks/checked_spec.hpp"
#include "networks/delivery/stored_synapses.hpp"
#include "networks/description/values.hpp"
#include "networks/fingerprint.hpp"
#include "networks/inputs.hpp"
#include "networks/memory.hpp"
#include "networks/population_plan.hpp"
#include "networks/populations.hpp"
#include "networks/resolved.hpp"
#include "networks/signals/kinds.hpp"
#include "networks/synapses/layout.hpp"

namespace rheo {

namespace {

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
    const double columns = plastic != nullptr ? static_cast<double>(plastic->rule->columns.size()) * real
                           : is_constant(projection.plan.spec->weight) ? 0.0
                           : projection.plan.spec->weight_bits == 16   ? 2.0
                                                                       : real;
    bytes += synapses * (2 + columns);
    reject_beyond(bytes + projection.connector->prepared_bytes(),
                  "projections." + projection.plan.spec->name + ".connect", fmt::format("{:.3g} synapses", synapses));
  }
}

std::vector<ResolvedProjection> resolve_projections(const NetworkSpec& spec, const CheckedSpec& plan) {
  if (spec.projections.size() > 65535)
    reject("projections", std::to_string(spec.projections.size()), "too many", "at most 65535");
  reject_hopeless(spec, {});
  std::vector<ResolvedProjection> resolved;
  for (const ProjectionSpec& projection : spec.projections)
    resolved.push_back(resolve_projection(spec, plan, projection));
  reject_hopeless(spec, resolved);
  return resolved;
}

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
                 LayoutChoice& choice, StoredSynapses*& synapses, SignalBoard*& signals) {
  const CheckedSpec plan(spec);
  const Isa isa = chosen_isa();
  Simulation::Parts parts;
  parts.dt = spec.dt;
  parts.seed = spec.seed;
  parts.precision = spec.precision;
  std::vector<ResolvedProjection> resolved = resolve_projections(spec, plan);
  std::vector<const ProjectionPlan*> plans;
  for (const ResolvedProjection& projection : resolved) plans.push_back(&projection.plan);
  parts.populations = build_populations(spec, plan, isa, plans);
  Layout layout = choose_layout(spec, plans, shapes_of(parts.populations), threads.count());
  std::vector<SynapseBundle> bundles;
  for (std::size_t first = 0; first < resolved.size(); first = layout.bundle_end[bundles.size() - 1]) {
    const std::size_t size = layout.bundle_end[bundles.size()] - first;
    for (std::size_t p = first; p < first + size; ++p)
      within("projections." + plans[p]->spec->name, [&] { resolved[p].connector->prepare(); });
    std::vector<ProjectionTotals> totals(size);
    bundles.push_back(build_bundle(std::span(plans).subspan(first, size), static_cast<std::uint32_t>(first),
                                   layout.delivery, layout.dense[bundles.size()], layout.lanes, threads, totals));
    for (std::size_t p = first; p < first + size; ++p) resolved[p].connector.reset();  // what it has drawn may be large
    add_infos(spec, bundles.back(), plans, totals, infos);
  }
  auto made = make_stored_synapses(std::move(bundles), layout.delivery, spec.precision, layout.lanes.slots,
                                   SignalBoard(plan_signals(spec, plan, resolved), spec.dt));
  synapses = made.get();
  signals = made->signals();
  for (const InputSpec& input : spec.inputs) build_input(plan, input, isa, signals, parts.inputs);
  parts.delivery = std::move(made);
  lanes = layout.lanes;
  choice = std::move(layout.choice);
  parts.lanes = std::move(layout.lanes);
  parts.fingerprint = fingerprint_of(spec, parts.populations, infos);
  return Simulation(std::move(parts), threads);
}

}  // namespace

Network::Network(const NetworkSpec& spec, Threads threads)
    : simulation_([&] {
        // Tables, parameters and draws must not depend on the caller's floating-point environment either.
        std::optional<Simulation> built;
        threads.enter([&] { built.emplace(build(spec, threads, projections_, lanes_, layout_, synapses_, signals_)); });
        return std::move(*built);
      }()) {}

namespace {

// What even double precision does not hold: steps of less than a thousand ulps.
void warn_of_slow_states(const NetworkSpec& spec, const CheckedSpec& plan,
                         std::span<const ProjectionPlan* const> projections, std::vector<Complaint>& warnings) {
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

// Traces of neurons that never spike stay 0.
void warn_of_silent_traces(const CheckedSpec& plan, const NetworkSpec& spec,
                           std::span<const ProjectionPlan* const> projections, std::vector<Complaint>& warnings) {
  const auto never_spikes = [&](const std::vector<Selection>& ends, const std::string& key) {
    for (const Selection& one : ends)
      if (const std::size_t population = plan.resolve(one, key).first; !plan.model(population).spikes)
        return spec.populations[population].name;
    return std::string();
  };
  for (const ProjectionPlan* projection : projections) {
    if (!projection->plastic) continue;
    const Rule& rule = *projection->plastic->rule;
    const std::string key = "projections." + projection->spec->name;
    // A rule that hears of a state hears what the trace does not say.
    const auto is_state = [&](const auto& given) {
      const auto signal = std::ranges::find(spec.signals, given.second, &SignalSpec::name);
      return signal != spec.signals.end() && signal->kind.template as<StateSignal>() != nullptr;
    };
    if (std::ranges::any_of(projection->spec->plasticity.signals, is_state)) continue;
    for (const auto& [traces, ends, side] : {std::tuple(&rule.pre, &projection->spec->source, "source"),
                                             std::tuple(&rule.post, &projection->spec->target, "target")}) {
      const std::string population = never_spikes(*ends, key + "." + side);
      if (population.empty()) continue;
      for (const RuleTrace& trace : *traces) {
        if (trace.kind == RuleTrace::Kind::parameter) continue;
        warnings.push_back({.key = key + ".plasticity.rule",
                            .problem = fmt::format("{} reads the trace {} of the {}'s spikes, which stays 0: {} never "
                                                   "spikes",
                                                   rule.name, trace.name, side, population),
                            .expected = "a signal of kind state in its place, where the rule reads one"});
      }
    }
  }
}

}  // namespace

CheckedNetwork Network::check(const NetworkSpec& spec) {
  const CheckedSpec plan(spec);
  const std::vector<ResolvedProjection> resolved = resolve_projections(spec, plan);
  plan_signals(spec, plan, resolved);
  CheckedNetwork checked;
  std::vector<const ProjectionPlan*> plans;
  for (const ResolvedProjection& projection : resolved) {
    plans.push_back(&projection.plan);
    checked.weights.push_back(described_weights(spec, projection.plan));
  }
  checked.warnings = misleading_signs(spec, plans);
  warn_of_slow_states(spec, plan, plans, checked.warnings);
  warn_of_silent_traces(plan, spec, plans, checked.warnings);
  return checked;
}

NetworkMemory Network::expected_memory(const NetworkSpec& spec, unsigned threads) {
  const CheckedSpec plan(spec);
  const std::vector<ResolvedProjection> resolved = resolve_projections(spec, plan);
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
  if (threads == 0) threads = usable_processors();
  return rheo::expected_memory(spec, populations, projections, choose_layout(spec, projections, shapes, threads),
                               threads);
}

void Network::check_draws(const NetworkSpec& spec) {
  const CheckedSpec plan(spec);
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
  for (const InputSpec& input : spec.inputs) check_draws_of_input(plan, input, isa);
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
  if (signals_->made_by(which) != SignalPlan::By::program)
    reject("signals." + name, {}, "is made otherwise", "a signal of kind task");
  within("signals." + name, [&] {
    check_count(values.size(), signals_->width(which), "channel");
    for (const double x : values) check_value(x, any_value);
  });
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
            const double weight = bundle.plastic ? 0 : one.weight + 0.0;  // -0.0 is 0.0
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
