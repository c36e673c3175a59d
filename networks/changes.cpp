// What changes between two runs: inputs, parameters and weights.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/isa.hpp"
#include "networks/checked_spec.hpp"
#include "networks/connect/connector.hpp"
#include "networks/delivery/stored_synapses.hpp"
#include "networks/description/values.hpp"
#include "networks/fingerprint.hpp"
#include "networks/inputs.hpp"
#include "networks/network.hpp"
#include "networks/population_plan.hpp"

namespace rheo {

void Network::change_inputs(const NetworkSpec& spec) {
  const CheckedSpec plan(spec);
  std::vector<std::unique_ptr<Input>> inputs;
  simulation_.threads().enter([&] {
    for (const InputSpec& input : spec.inputs) build_input(plan, input, chosen_isa(), signals_, inputs);
  });
  simulation_.replace_inputs(std::move(inputs));
}

// With the parameters that are described now.
std::unique_ptr<PopulationBlock> Network::made_again(const NetworkSpec& spec, std::size_t population) {
  const CheckedSpec judged(spec);
  PopulationSpec described = spec.populations[population];
  described.initial.clear();
  std::unique_ptr<PopulationBlock> made;
  simulation_.threads().enter([&] {
    PopulationPlan plan = plan_population(spec, described, judged.model(population), chosen_isa());
    plan.with_current = judged.needs_current(population);
    plan.lasting_current = judged.has_lasting_current(population);
    plan.by_event = simulation_.by_event(population);
    const std::string key = "populations." + described.name;
    for (const auto& [name, values] : plan.params)
      if (plan.by_event && values.size() > 1)
        reject(key + ".params." + name, {}, "differs between neurons of a population that is updated by events",
               "one number, or update = \"tick\"");
    made = within(key, [&] { return make_population(plan); });
  });
  return made;
}

void Network::change_params(const NetworkSpec& spec, std::size_t population) {
  std::unique_ptr<PopulationBlock> after = made_again(spec, population);
  const PopulationBlock& before = simulation_.population(population);
  std::vector<std::uint32_t> all(before.size());
  std::iota(all.begin(), all.end(), 0u);
  std::vector<double> values(all.size());
  for (const FieldInfo& field : find_neuron_model(spec.populations[population].model)->columns) {
    const auto from = before.find_column(field.name), to = after->find_column(field.name);
    if (!from || !to) continue;
    before.read(*from, simulation_.now(), all, values.data());
    after->write(*to, simulation_.now(), all, values.data());
  }
  simulation_.set_fingerprint(
      fingerprint_with(simulation_.fingerprint(), spec.populations[population], population, *after));
  simulation_.replace_population(population, std::move(after));
}

namespace {

// Where a synapse is kept.
struct SynapsePlace {
  std::uint32_t target, delay, lane, index, slot;
};

// All of a projection, in the order in which outgoing() lists them.
std::vector<SynapsePlace> places_of(const Network& network, std::size_t bundle_index, std::size_t projection) {
  const SynapseBundle& bundle = network.stored().bundles()[bundle_index];
  std::vector<SynapsePlace> all;
  std::vector<StoredSynapse> stored;
  for (const SourceRange& range : bundle.sources)
    for (NeuronId source = range.first; source < range.end; source += range.step) {
      const auto begin = static_cast<std::ptrdiff_t>(all.size());
      for (std::size_t lane = 0; lane < network.lanes().count(); ++lane) {
        stored.clear();
        network.stored().read(bundle_index, lane, range.row + (source - range.first) / range.step, stored);
        for (const StoredSynapse& one : stored)
          if (const NeuronId target = network.owner(lane, one.slot).first;
              bundle.projection_of(source, target) == projection)
            all.push_back({target, one.delay, static_cast<std::uint32_t>(lane), one.index, one.slot});
      }
      std::stable_sort(all.begin() + begin, all.end(), [](const SynapsePlace& a, const SynapsePlace& b) {
        return std::pair(a.target, a.delay) < std::pair(b.target, b.delay);
      });
    }
  return all;
}

// What the weight of a synapse may be, as it is told: its sign has chosen its port, and a rule has bounds.
Range weights_at(const ProjectionSpec& projection, const SynapseBundle& bundle, const PopulationSpec& target,
                 std::uint32_t port) {
  const std::vector<PortInfo>& ports = find_neuron_model(target.model)->ports;
  if (const PlasticPlan* const plastic = bundle.plastic.get(); plastic != nullptr && !plastic->rule->signed_weights)
    return plastic->negative() ? Range{-plastic->high, -plastic->low} : Range{plastic->low, plastic->high};
  const double most = bundle.weight_step > 0 ? bundle.weight_step * most_steps : any_value.high;
  if (ports[port].conductance || (projection.port.empty() && ports.size() > 2 && port == 0)) return {0, most};
  if (projection.port.empty() && ports.size() > 2) return {-most, 0};
  return {-most, most};
}

}  // namespace

void Network::check_weights(const NetworkSpec& spec, std::size_t projection,
                            const std::optional<std::vector<std::uint64_t>>& which,
                            std::span<const double> weights) const {
  const ProjectionSpec& described = spec.projections[projection];
  const std::size_t index = bundle_of(synapses_->bundles(), projection);
  const SynapseBundle& bundle = synapses_->bundles()[index];
  const std::vector<SynapsePlace> all = places_of(*this, index, projection);
  const std::size_t count = which ? which->size() : all.size();
  within("projections." + described.name, [&] {
    if (!bundle.weighted && !bundle.plastic && (which || weights.size() != 1))
      reject("weight", {}, "is one number that all synapses share",
             "one number for all, or a projection that was built with weights that differ");
    if (weights.size() != 1) within("weight", [&] { check_count(weights.size(), count, "synapse"); });
    const std::vector<PopulationInfo>& populations = simulation_.populations();
    for (std::size_t k = 0; k < count; ++k) {
      const std::uint64_t synapse = which ? (*which)[k] : k;
      if (synapse >= all.size())
        reject(fmt::format("synapses[{}]", k), std::to_string(synapse), "is no synapse",
               fmt::format("a number < {}", all.size()));
      const SynapsePlace& place = all[synapse];
      const auto behind = std::ranges::upper_bound(populations, place.target, {}, &PopulationInfo::first);
      const PopulationSpec& target = spec.populations[static_cast<std::size_t>(behind - populations.begin() - 1)];
      const Range allowed = weights_at(described, bundle, target, owner(place.lane, place.slot).second);
      const double weight = weights[weights.size() == 1 ? 0 : k];
      if (!holds(allowed, weight))
        within(weights.size() == 1 ? "weight" : fmt::format("weight[{}]", k), [&] { check_value(weight, allowed); });
    }
  });
}

void Network::set_weights(const NetworkSpec& spec, std::size_t projection,
                          const std::optional<std::vector<std::uint64_t>>& which, std::span<const double> weights) {
  check_weights(spec, projection, which, weights);
  const std::size_t index = bundle_of(synapses_->bundles(), projection);
  const SynapseBundle& bundle = synapses_->bundles()[index];
  simulation_.settle();
  synapses_->begin_write(index, simulation_.now());
  if (!bundle.weighted && !bundle.plastic) {
    synapses_->set_shared_weight(index, weights[0]);
  } else {
    const std::vector<SynapsePlace> all = places_of(*this, index, projection);
    const std::size_t count = which ? which->size() : all.size();
    for (std::size_t k = 0; k < count; ++k) {
      const SynapsePlace& place = all[which ? (*which)[k] : k];
      synapses_->set_weight(index, place.lane, place.index, weights[weights.size() == 1 ? 0 : k]);
    }
  }
  if (bundle.plastic) return;  // a state holds them, and spikes meet them when they arrive
  const std::array<std::uint64_t, 2> digest = synapse_digest();
  std::string text = simulation_.fingerprint();
  text.resize(std::min(text.find("\nweights "), text.size()));
  simulation_.set_fingerprint(fmt::format("{}\nweights {:016x}{:016x}", text, digest[0], digest[1]));
  simulation_.load(simulation_.save());  // spikes in flight may have added up the weights that were
}

}  // namespace rheo
