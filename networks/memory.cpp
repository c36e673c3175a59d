#include "networks/memory.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "core/aligned.hpp"
#include "core/time.hpp"
#include "networks/builder.hpp"
#include "networks/layout.hpp"
#include "networks/values.hpp"
#include "neurons/catalogue.hpp"
#include "neurons/factory.hpp"
#include "neurons/sources.hpp"

namespace rheo {

namespace {

template <class T>
double column(double size) {
  return static_cast<double>(AlignedColumn<T>::taken_by(static_cast<std::size_t>(std::max(0.0, size))));
}

// Of columns of numbers that take so many bytes per neuron.
double columns(double bytes_per_neuron, double neurons) {
  const double whole = std::floor(bytes_per_neuron / sizeof(float));
  return whole * column<float>(neurons) + (bytes_per_neuron - whole * sizeof(float)) * neurons;
}

PopulationPlan first_neurons(PopulationPlan plan, std::uint32_t size) {
  plan.size = std::min(plan.size, size);
  for (auto* table : {&plan.params, &plan.initial})
    for (auto& [name, values] : *table)
      if (values.size() > plan.size) values.resize(plan.size);
  return plan;
}

double bytes_of_trains(const std::shared_ptr<const SpikeTrains>& trains) {
  return trains ? 8.0 * static_cast<double>(trains->times.size() + trains->begin.size()) : 0;
}
double events_of_trains(const std::shared_ptr<const SpikeTrains>& trains) {
  return trains ? static_cast<double>(trains->times.size() * sizeof(SpikeSource::Event)) : 0;
}
double bytes_of_list(const Value& value) {
  const auto* list = std::get_if<std::vector<double>>(&value);
  return list == nullptr ? 0 : 8.0 * static_cast<double>(list->size());
}

double bytes_of_description(const NetworkSpec& spec) {
  double bytes = 0;
  for (const PopulationSpec& population : spec.populations) {
    bytes += bytes_of_trains(population.trains);
    for (const auto* table : {&population.params, &population.initial})
      for (const auto& [name, value] : *table) bytes += bytes_of_list(value);
  }
  for (const ProjectionSpec& projection : spec.projections) {
    bytes += bytes_of_list(projection.weight) + bytes_of_list(projection.delay);
    if (projection.connect.edges) bytes += 8.0 * static_cast<double>(projection.connect.edges->source.size());
  }
  for (const InputSpec& input : spec.inputs)
    bytes += bytes_of_trains(input.trains) + bytes_of_list(input.rate) + bytes_of_list(input.weight) +
             bytes_of_list(input.amplitude) + bytes_of_list(input.deviation);
  return bytes;
}

// What numbers that differ take in a drive, and while it is made.
struct Drives {
  double kept = 0, made = 0;
};
Drives bytes_of_input(const NetworkSpec& spec, const InputSpec& input, double targets) {
  const double real = static_cast<double>(bytes_of(spec.precision));
  Drives bytes;
  const auto numbers = [&](const Value& value) {
    if (is_constant(value)) return;
    bytes.kept += real * targets;
    bytes.made = std::max(bytes.made, 3 * 8.0 * targets);
  };
  switch (input.kind) {
    case InputSpec::Kind::poisson: {
      numbers(input.weight);
      if (is_constant(input.rate)) break;
      // A table of its own for each rate that occurs: places of 16 bits that need more, and what may be drawn.
      const auto* choices = std::get_if<Distribution>(&input.rate);
      const bool few = choices != nullptr && choices->kind == Distribution::Kind::choice;
      const double tables = few ? static_cast<double>(choices->choices.size()) : targets;
      constexpr double bytes_per_table = 65536 / 8 + 400;
      bytes.kept += tables * bytes_per_table + targets * 88;
      break;
    }
    case InputSpec::Kind::spikes: {
      numbers(input.weight);
      const bool shared = input.trains && input.trains->begin.size() == 2;
      bytes.kept += events_of_trains(input.trains) * (shared ? targets : 1);
      break;
    }
    case InputSpec::Kind::noise:
      numbers(input.deviation);
      [[fallthrough]];
    case InputSpec::Kind::current:
      numbers(input.amplitude);
      break;
  }
  return bytes;
}

}  // namespace

NetworkMemory expected_memory(const NetworkSpec& spec, std::span<const PopulationPlan> populations,
                              std::span<const ProjectionPlan* const> projections, const Layout& layout,
                              unsigned threads) {
  const double real = static_cast<double>(bytes_of(spec.precision));
  NetworkMemory all;
  all.described = bytes_of_description(spec);

  // Many populations are often alike.
  std::map<std::tuple<std::string, std::map<std::string, std::string>, std::uint32_t, bool, bool>, double> known;
  double drawn = 0, making = 0;  // numbers of all neurons, and what making one population takes beside them
  for (std::size_t i = 0; i < populations.size(); ++i) {
    const PopulationPlan& plan = populations[i];
    const PopulationSpec& described = spec.populations[i];
    const double size = described.size;
    if (described.model == "spike_source") {
      all.neurons += events_of_trains(described.trains);
      continue;
    }
    double own = 0;  // numbers for each neuron
    for (const auto* table : {&described.params, &described.initial})
      own += static_cast<double>(
          std::count_if(table->begin(), table->end(), [](const auto& entry) { return !is_constant(entry.second); }));
    const auto measure = [&](std::uint32_t neurons) {
      return static_cast<double>(make_population(first_neurons(plan, neurons))->bytes());
    };
    const auto measured = [&] {
      if (described.size <= sampled_neurons) return measure(sampled_neurons);
      const double half = measure(sampled_neurons / 2), whole = measure(sampled_neurons);
      const double each = (whole - half) / (sampled_neurons / 2);
      return whole - each * sampled_neurons + columns(each, size);
    };
    if (own > 0) {
      all.neurons += measured();
    } else {
      const auto [at, is_new] =
          known.try_emplace({plan.model, plan.options, described.size, plan.by_event, plan.with_current}, 0.0);
      if (is_new) at->second = measured();
      all.neurons += at->second;
    }
    const ModelInfo& model = *find_neuron_model(described.model);
    drawn += 8 * own * size;
    const bool differ = std::any_of(described.params.begin(), described.params.end(),
                                    [](const auto& entry) { return !is_constant(entry.second); });
    making = std::max(making, size * (real * static_cast<double>(model.columns.size()) +
                                      (differ ? 8.0 * static_cast<double>(model.params.size()) : 0)));
  }
  all.building = all.described + all.neurons + drawn + making;

  Tick longest = 0;
  for (std::size_t first = 0, b = 0; first < projections.size(); first = layout.bundle_end[b++]) {
    const auto members = projections.subspan(first, layout.bundle_end[b] - first);
    const BundleMemory bundle = expected_memory(members, layout.delivery, layout.lanes, threads);
    double prepared = 0;
    for (const ProjectionPlan* plan : members) {
      prepared += plan->connector->prepared_bytes();
      longest = std::max(longest, longest_delay(*plan));
    }
    all.synapses += bundle.kept;
    all.building = std::max(all.building, all.described + all.neurons + all.synapses + bundle.building + prepared);
    if (members.front()->plastic) all.synapses += bundle.learning;
  }

  const auto lanes = static_cast<double>(layout.lanes.count());
  if (layout.delivery.kind == Delivery::Kind::ring) {
    const double ticks = static_cast<double>(std::bit_ceil(static_cast<std::uint64_t>(longest) + 1));
    const double places = static_cast<double>(layout.delivery.width) * ticks * lanes;
    all.delivery = real == sizeof(float) ? column<float>(places) : column<double>(places);
  } else {
    for (const std::uint32_t slots : layout.lanes.slots)
      all.delivery += (real == sizeof(float) ? column<float>(slots) : column<double>(slots)) +
                      12.0 * static_cast<double>(longest + 1) + (layout.delivery.note_touched ? slots / 8.0 : 0);
  }

  std::map<std::string_view, std::uint32_t> size_of;
  for (const PopulationSpec& population : spec.populations) size_of.emplace(population.name, population.size);
  double making_input = 0;
  for (const InputSpec& input : spec.inputs) {
    double targets = 0;
    for (const Selection& target : input.target) {
      const double end = target.end.value_or(size_of.at(target.population));
      targets += std::ceil((end - target.begin) / target.step);
    }
    const Drives drives = bytes_of_input(spec, input, targets);
    all.inputs += drives.kept;
    making_input = std::max(making_input, drives.made);
  }
  all.building = std::max(all.building, all.running() + making_input);
  return all;
}

}  // namespace rheo
