#include "networks/memory.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "core/aligned.hpp"
#include "core/time.hpp"
#include "networks/connect/connector.hpp"
#include "networks/connect/list.hpp"
#include "networks/description/values.hpp"
#include "networks/plastic/bundle.hpp"
#include "networks/synapses/builder.hpp"
#include "networks/synapses/layout.hpp"
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

// Bytes of a bundle, known before any of it is built.
struct BundleMemory {
  double kept = 0;      // by all of its blocks
  double learning = 0;  // by what learns, once it runs
  double building = 0;  // at the most on top of `kept`, while so many threads build it; may be < 0
};

// How many delays `synapses` synapses of a projection have, expected.
double expected_delays(const ProjectionPlan& plan, double synapses) {
  const auto occurs = [synapses](double share) { return 1 - std::exp(-synapses * share); };
  const auto equally = [&](double delays) { return delays * occurs(1 / delays); };
  const double travel = plan.longest_travel_time() / plan.dt;
  if (std::holds_alternative<std::vector<double>>(plan.spec->delay))
    return equally(static_cast<double>(longest_delay(plan)));
  if (const auto* pairs = std::get_if<PairValue>(&plan.spec->delay)) {
    const auto [low, high] = reach(*pairs, plan.pairs);
    return equally((high - low) / plan.dt + 1 + travel);
  }
  const auto* const d = std::get_if<Distribution>(&plan.spec->delay);
  if (d == nullptr) return equally(1 + travel);
  if (const double most = distinct(*d); std::isfinite(most)) return equally(most + travel);
  const auto [low, high] = reach(*d);
  const double width = (high - low) / plan.dt + 1;
  const auto below = [&](double delay) { return share_below(*d, delay); };
  const double all = below(high) - below(low);
  if (!(all > 0)) return equally(std::max(1.0, width + travel));
  // Groups of neighbouring delays that are as likely as each other, nearly.
  const double groups = std::min(256.0, std::ceil(width)), ticks = width / groups;
  double sum = 0, before = below(low);
  for (double group = 1; group <= groups; ++group) {
    const double here = below(low + (high - low) * group / groups);
    sum += ticks * occurs((here - before) / all / ticks);
    before = here;
  }
  return sum + travel * occurs(1 / (travel + 1));
}

// What a projection's neurons and synapses are on each lane that they reach, expected.
std::vector<ExpectedSynapses> reached_lanes(std::span<const ProjectionPlan* const> members, const Lanes& lanes) {
  std::vector<ExpectedSynapses> reached;
  for (const std::vector<Piece>& pieces : lanes.pieces) {
    ExpectedSynapses here;
    for (const ProjectionPlan* member : members) {
      const ExpectedSynapses one = expected_synapses(*member, pieces);
      here.synapses += one.synapses;
      here.width += one.width;
    }
    if (here.synapses >= 0.5) reached.push_back(here);
  }
  return reached;
}

BundleMemory memory_of_bundle(std::span<const ProjectionPlan* const> members, DeliveryPlan delivery, bool dense,
                              const Lanes& lanes, unsigned threads) {
  const ProjectionPlan& first = *members.front();
  const bool weighted = !first.has_one_weight(), one_delay = members.size() == 1 && first.has_one_delay();
  const PlasticPlan* const plastic = first.plastic.get();
  const std::size_t address = delivery.narrow(one_delay) ? 2 : 4;
  const std::size_t real = bytes_of(plastic != nullptr ? plastic->precision : first.precision);
  const bool short_weights = first.weight_step() > 0 && !dense;
  const std::size_t record = address + (!weighted && plastic == nullptr ? 0
                                        : short_weights                 ? sizeof(std::int16_t)
                                                                        : real);
  const auto bytes = [](double count, std::size_t width) {
    return static_cast<double>(AlignedColumn<std::byte>::taken_by(static_cast<std::size_t>(count) * width));
  };
  const std::size_t rows = row_count(rows_of(members));
  const std::vector<ExpectedSynapses> reached = reached_lanes(members, lanes);
  double all_synapses = 0;
  for (const ExpectedSynapses& lane : reached) all_synapses += lane.synapses;
  const double some = all_synapses / static_cast<double>(reached.size() * rows);  // of a row on one lane
  double delays = 0, spread = 1;                                                  // of those
  for (const ProjectionPlan* member : members) {
    delays = std::max(delays, expected_delays(*member, some));
    spread = std::max(spread, delays_of(*member));
  }
  const unsigned shift = delivery.slice_shift(one_delay, some / spread);
  BundleMemory all;
  std::vector<double> transient;
  for (const auto& [synapses, width] : reached) {
    const double slices =
        delivery.has_slices(one_delay) ? std::min(delays, 1 + spread / (1u << shift)) * static_cast<double>(rows) : 0;
    const double index = bytes(static_cast<double>(rows) + 1, 4);
    const double records = bytes(synapses, record);
    const double drawn =
        drawn_format(members, delivery, dense, static_cast<std::uint32_t>(rows), synapses).bytes(record - address);
    if (dense) {
      all.kept += index + bytes(static_cast<double>(rows) * width * (weighted ? static_cast<double>(real) : 0.125), 1);
      transient.push_back(drawn);
      continue;
    }
    const double columns =
        plastic == nullptr
            ? records
            : bytes(synapses, address) + static_cast<double>(plastic->rule->columns.size()) * bytes(synapses, real);
    all.kept += (delivery.has_slices(one_delay) ? 2 : 1) * index + bytes(slices, sizeof(DelaySlice)) + columns;
    // What was drawn becomes what is stored.
    const double stored = plastic == nullptr ? records : bytes(synapses, address);
    transient.push_back(std::max(0.0, drawn - stored) + slices * sizeof(DelaySlice));
    // Nobody has written yet to columns of zeros that are fresh pages.
    if (plastic != nullptr && synapses * static_cast<double>(real) > 2e6)
      for (std::size_t c = 1; c < plastic->rule->columns.size(); ++c)
        if (plastic->rule->columns[c].initial == 0) all.building -= bytes(synapses, real);
    if (plastic != nullptr) all.learning += learning_bytes(*plastic, width, synapses, first.precision);
  }
  std::ranges::sort(transient, std::greater<>());
  for (std::size_t lane = 0; lane < std::min<std::size_t>(threads, transient.size()); ++lane)
    all.building += transient[lane];
  if (plastic != nullptr)
    all.learning += static_cast<double>(rows) * static_cast<double>(12 + real * plastic->rule->pre.size());
  return all;
}

PopulationPlan sample_of(PopulationPlan plan, std::uint32_t size) {
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

// Of the lists and tables of fields; a table that several hold counts once.
using Seen = std::set<const NumberTable*>;
double bytes_of_fields(std::span<const KindField> fields, Seen& seen);

double bytes_of_value(const Value& value, Seen& seen) {
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return 8.0 * static_cast<double>(list->size());
  const auto* const pairs = std::get_if<PairValue>(&value);
  if (pairs == nullptr) return 0;
  AnyPairValue kind = pairs->kind;
  return bytes_of_fields(fields_of(kind), seen);
}

double bytes_of_fields(std::span<const KindField> fields, Seen& seen) {
  double bytes = 0;
  for (const KindField& field : fields) {
    if (const auto* const value = std::get_if<Value*>(&field.member)) bytes += bytes_of_value(**value, seen);
    if (const auto* const table = std::get_if<std::shared_ptr<const NumberTable>*>(&field.member))
      if (**table != nullptr && seen.insert((*table)->get()).second)
        bytes += 8.0 * static_cast<double>((**table)->values.size());
    if (const auto* const trains = std::get_if<std::shared_ptr<const SpikeTrains>*>(&field.member))
      bytes += bytes_of_trains(**trains);
  }
  return bytes;
}

double bytes_of_description(const NetworkSpec& spec) {
  double bytes = 0;
  Seen seen;
  for (const PopulationSpec& population : spec.populations) {
    bytes += bytes_of_trains(population.trains);
    for (const auto* table : {&population.params, &population.initial})
      for (const auto& [name, value] : *table) bytes += bytes_of_value(value, seen);
  }
  for (const ProjectionSpec& projection : spec.projections) {
    bytes += bytes_of_value(projection.weight, seen) + bytes_of_value(projection.delay, seen) +
             bytes_of_fields(projection.connect->clone()->fields(), seen);
    if (const auto* const listed = projection.connect.as<List>(); listed != nullptr && listed->edges)
      bytes += 8.0 * static_cast<double>(listed->edges->source.size());
  }
  for (const InputSpec& input : spec.inputs) bytes += bytes_of_fields(input.kind->clone()->fields(), seen);
  return bytes;
}

// What the numbers of inputs take, and while they are drawn.
struct InputMemory {
  double kept = 0, made = 0;
};
InputMemory bytes_of_input(const NetworkSpec& spec, const InputKind& kind, double targets) {
  InputMemory bytes{.kept = kind.bytes(targets)};
  const std::unique_ptr<InputKind> same = kind.clone();
  for (const KindField& field : same->fields()) {
    const auto* const value = std::get_if<Value*>(&field.member);
    if (value == nullptr || is_constant(**value)) continue;
    bytes.kept += static_cast<double>(bytes_of(spec.precision)) * targets;
    bytes.made = 3 * 8.0 * targets;
  }
  return bytes;
}

struct PopulationMemory {
  double kept = 0;
  double drawn = 0;   // numbers of all neurons, while populations are made
  double making = 0;  // at the most beside that, while one of them is made
};

// What the states and parameters of a population take: measured on its first neurons.
double measured_bytes(const PopulationPlan& plan, std::uint32_t size) {
  const auto measure = [&](std::uint32_t neurons) {
    return static_cast<double>(make_population(sample_of(plan, neurons))->bytes());
  };
  if (size <= sampled_neurons) return measure(sampled_neurons);
  const double half = measure(sampled_neurons / 2), whole = measure(sampled_neurons);
  const double each = (whole - half) / (sampled_neurons / 2);
  return whole - each * sampled_neurons + columns(each, size);
}

PopulationMemory memory_of_populations(const NetworkSpec& spec, std::span<const PopulationPlan> populations) {
  const double real = static_cast<double>(bytes_of(spec.precision));
  PopulationMemory all;
  // Many populations are often alike.
  std::map<std::tuple<std::string, std::map<std::string, std::string>, std::uint32_t, bool, bool>, double> known;
  const auto differs = [](const auto& entry) { return !is_constant(entry.second); };
  for (std::size_t i = 0; i < populations.size(); ++i) {
    const PopulationPlan& plan = populations[i];
    const PopulationSpec& described = spec.populations[i];
    const double size = described.size;
    if (described.model == "spike_source") {
      all.kept += events_of_trains(described.trains);
      continue;
    }
    double own = 0;  // numbers for each neuron
    for (const auto* table : {&described.params, &described.initial})
      own += static_cast<double>(std::count_if(table->begin(), table->end(), differs));
    if (own > 0) {
      all.kept += measured_bytes(plan, described.size);
    } else {
      const auto [at, is_new] =
          known.try_emplace({plan.model, plan.options, described.size, plan.by_event, plan.with_current}, 0.0);
      if (is_new) at->second = measured_bytes(plan, described.size);
      all.kept += at->second;
    }
    const ModelInfo& model = *find_neuron_model(described.model);
    all.drawn += 8 * own * size;
    const bool params_differ = std::any_of(described.params.begin(), described.params.end(), differs);
    all.making = std::max(all.making, size * (real * static_cast<double>(model.columns.size()) +
                                              (params_differ ? 8.0 * static_cast<double>(model.params.size()) : 0)));
  }
  return all;
}

// Of what is in flight; longest: delay in ticks.
double bytes_of_delivery(const Layout& layout, Precision precision, Tick longest) {
  const auto sums = [precision](double size) {
    return precision == Precision::single_ ? column<float>(size) : column<double>(size);
  };
  const DeliveryPlan& plan = layout.delivery;
  if (plan.kind == DeliveryPlan::Kind::ring) {
    const double windows = plan.sorted ? static_cast<double>(longest / plan.ticks + 2) : 0;
    const auto lanes = static_cast<double>(layout.lanes.count());
    // What lies between its end and that of its last page is never touched.
    return (static_cast<double>(plan.width * bytes_of(precision)) * plan.ticks + 12.0 * windows) * lanes;
  }
  double bytes = 0;
  for (const std::uint32_t slots : layout.lanes.slots)
    bytes += sums(slots) + 12.0 * static_cast<double>(longest + 1) + (plan.note_touched ? slots / 8.0 : 0);
  return bytes;
}

// Of the values that graded projections transmit, while they are on their way.
double bytes_of_values(const NetworkSpec& spec, std::span<const ProjectionPlan* const> projections) {
  Tick longest = 0;
  std::set<std::pair<std::string, std::string>> columns;
  for (const ProjectionPlan* projection : projections) {
    if (!projection->spec->is_graded()) continue;
    longest = std::max(longest, longest_delay(*projection));
    for (const Selection& source : projection->spec->source)
      columns.emplace(source.population, projection->spec->transmits);
  }
  double neurons = 0;
  for (const auto& [population, column] : columns)
    neurons += std::ranges::find(spec.populations, population, &PopulationSpec::name)->size;
  const auto ticks = static_cast<double>(std::bit_ceil(static_cast<std::uint64_t>(2 * longest)));
  return neurons * ticks * static_cast<double>(bytes_of(spec.precision));
}

InputMemory bytes_of_inputs(const NetworkSpec& spec) {
  std::map<std::string_view, std::uint32_t> size_of;
  for (const PopulationSpec& population : spec.populations) size_of.emplace(population.name, population.size);
  InputMemory all;
  for (const InputSpec& input : spec.inputs) {
    double targets = 0;
    for (const Selection& target : input.target) {
      const double end = target.end.value_or(size_of.at(target.population));
      targets += std::ceil((end - target.begin) / target.step);
    }
    const InputMemory bytes = bytes_of_input(spec, *input.kind, targets);
    all.kept += bytes.kept;
    all.made = std::max(all.made, bytes.made);
  }
  return all;
}

}  // namespace

NetworkMemory expected_memory(const NetworkSpec& spec, std::span<const PopulationPlan> populations,
                              std::span<const ProjectionPlan* const> projections, const Layout& layout,
                              unsigned threads) {
  NetworkMemory all;
  all.described = bytes_of_description(spec);
  const PopulationMemory neurons = memory_of_populations(spec, populations);
  all.neurons = neurons.kept;
  all.building = all.described + all.neurons + neurons.drawn + neurons.making;

  Tick longest = 0;
  for (std::size_t first = 0, b = 0; first < projections.size(); first = layout.bundle_end[b++]) {
    const auto members = projections.subspan(first, layout.bundle_end[b] - first);
    const BundleMemory bundle = memory_of_bundle(members, layout.delivery, layout.dense[b], layout.lanes, threads);
    double prepared = 0;
    for (const ProjectionPlan* plan : members) {
      prepared += plan->connector->prepared_bytes();
      longest = std::max(longest, longest_delay(*plan));
    }
    all.synapses += bundle.kept;
    all.building = std::max(all.building, all.described + all.neurons + all.synapses + bundle.building + prepared);
    if (members.front()->plastic) all.synapses += bundle.learning;
  }
  all.delivery = bytes_of_delivery(layout, spec.precision, longest) + bytes_of_values(spec, projections);
  const InputMemory inputs = bytes_of_inputs(spec);
  all.inputs = inputs.kept;
  all.building = std::max(all.building, all.running() + inputs.made);
  return all;
}

}  // namespace rheo
