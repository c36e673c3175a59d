#include "apps/session/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "apps/session/experiment.hpp"
#include "apps/session/pieces.hpp"
#include "core/stopwatch.hpp"
#include "core/time.hpp"
#include "core/version.hpp"
#include "io/experiment/builder.hpp"
#include "io/experiment/network.hpp"
#include "io/record/checkpoint.hpp"
#include "io/text/toml_document.hpp"
#include "networks/description/values.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

namespace {

Experiment checked(Experiment experiment) {
  check_network(experiment);
  return experiment;
}

}  // namespace

Session::Session(Experiment experiment, unsigned threads)
    : experiment_(checked(std::move(experiment))),
      task_(read_task(experiment_)),
      index_(experiment_.network.populations),
      network_(build_network(experiment_, Threads(threads))),
      spikes_(network_.simulation().populations()),
      schedule_(network_, experiment_),
      trials_(task_ ? std::make_unique<Trials>(network_, experiment_, *task_) : nullptr) {
  network_.simulation().add_sink(spikes_);
  if (!experiment_.initial_state.empty()) load_checkpoint(experiment_.initial_state);
  record_spikes(experiment_.record.populations);
  for (const RecordStates& report : experiment_.reports) {
    states_.push_back(std::make_unique<StateMemory>(network_.simulation(), experiment_.network, report));
    network_.simulation().add_probe(*states_.back());
  }
}

double Session::now() const {
  return tick_to_ms(network_.simulation().now(), dt());
}

double Session::left() const {
  return tick_to_ms(std::max<Tick>(0, experiment_.end() - network_.simulation().now()), dt());
}

void Session::record_spikes(const std::vector<Selection>& neurons) {
  within("record.spikes.populations", [&] {
    index_.check_distinct(neurons, true);
    if (recorded_populations().empty()) kept_since_ = network_.simulation().now();
    all_since_ = network_.simulation().now();
    for (const Selection& selection : neurons) {
      const auto [population, range] = index_.resolve(selection);
      spikes_.record(population, range);
    }
  });
}

std::size_t Session::record_states(const StateRequest& request) {
  const Tick now = network_.simulation().now();
  RequestJudge judge(experiment_.network, experiment_.phases, now, never, true);
  for (const RecordStates& report : judge.resolve(request)) {
    states_.push_back(std::make_unique<StateMemory>(network_.simulation(), experiment_.network, report));
    network_.simulation().add_probe(*states_.back());
  }
  return states_.size() - 1;
}

const SpikeMemory::Train& Session::spikes(const std::string& population) const {
  const std::size_t index = find(population);
  if (!spikes_.records(index))
    reject("populations." + population, {}, "its spikes are not recorded", "a population whose spikes are recorded");
  return spikes_.of(index);
}

std::vector<std::string> Session::recorded_populations() const {
  std::vector<std::string> names;
  for (std::size_t p = 0; p < experiment_.network.populations.size(); ++p)
    if (spikes_.records(p)) names.push_back(experiment_.network.populations[p].name);
  return names;
}

bool Session::run(double ms, const std::function<bool()>& stop) {
  Simulation& simulation = network_.simulation();
  const Tick end = simulation.now() + whole_ticks(ms, dt(), 0, "run");
  Pieces pieces(window_of(network_, dt()));
  stopped_.clear();
  while (simulation.now() < end) {
    schedule_.begin(simulation.now());
    Tick border = std::min(end, schedule_.next(simulation.now()));
    if (trials_) trials_->begin(simulation.now());
    if (trials_) border = std::min(border, trials_->next(simulation.now()));
    const Tick ticks = pieces.next(border - simulation.now());
    const Stopwatch watch;
    simulation.run(ticks);
    wall_time_ += watch.seconds();
    pieces.took(ticks, watch.seconds());
    stopped_ = schedule_.ended(simulation.now());
    if (!stopped_.empty()) return false;
    if (stop && simulation.now() < end && stop()) return false;
  }
  return true;
}

const TaskResults& Session::results() {
  if (!trials_) reject("trials", {}, "there are none", "an experiment with [trials]");
  if (left() > 0) reject("trials", {}, fmt::format("are not over for {} ms", left()), "run() to the end");
  trials_->begin(network_.simulation().now());
  if (!results_) results_ = trials_->finish();
  return *results_;
}

void Session::refuse_trials(const char* what) const {
  if (trials_) reject("trials", {}, fmt::format("cannot be {} from a program", what), "rheo run with checkpoints");
}

std::vector<std::byte> Session::save() {
  refuse_trials("saved");
  return network_.simulation().save();
}

std::size_t Session::find(const std::string& population) const {
  return within("populations", [&] { return index_.resolve({.population = population, .end = {}}).first; });
}

std::size_t Session::find_column(std::size_t population, const std::string& variable) const {
  const PopulationSpec& spec = experiment_.network.populations[population];
  const ModelInfo& model = neuron_model(spec.model);
  const auto column = const_cast<Network&>(network_).simulation().population(population).find_column(variable);
  if (!column)
    reject_unknown("populations." + spec.name, variable, "unknown variable of " + model.name, names_in(model.columns),
                   "no variable: it has no state");
  return *column;
}

std::vector<double> Session::state(const std::string& population, const std::string& variable) {
  const std::size_t index = find(population), column = find_column(index, variable);
  const PopulationBlock& block = network_.simulation().population(index);
  std::vector<std::uint32_t> all(block.size());
  std::iota(all.begin(), all.end(), 0u);
  std::vector<double> values(all.size());
  block.read(column, network_.simulation().now(), all, values.data());
  return values;
}

void Session::set_state(const std::string& population, const std::string& variable,
                        std::span<const std::uint32_t> neurons, std::span<const double> values) {
  const std::size_t index = find(population), column = find_column(index, variable);
  const PopulationSpec& spec = experiment_.network.populations[index];
  const std::string key = fmt::format("populations.{}.{}", population, variable);
  within(key, [&] {
    check_count(values.size(), neurons.size(), "neuron");
    const std::vector<FieldInfo>& known = neuron_model(spec.model).columns;
    const auto info = std::ranges::find(known, variable, &FieldInfo::name);
    check_value(std::vector<double>(values.begin(), values.end()), {info->low, info->high}, info->unit);
    for (const std::uint32_t n : neurons)
      if (n >= spec.size) reject({}, std::to_string(n), "is no neuron", fmt::format("a number < {}", spec.size));
  });
  network_.simulation().write(index, column, neurons, values.data());
}

std::size_t Session::find_projection(const std::string& projection) const {
  const std::vector<ProjectionInfo>& all = network_.projections();
  const auto found = std::ranges::find(all, projection, &ProjectionInfo::name);
  if (found == all.end())
    reject_unknown("projections", projection, "unknown projection", names_in(all), "a projection");
  return static_cast<std::size_t>(found - all.begin());
}

SynapseTable Session::synapses(const std::string& projection) {
  const std::size_t index = find_projection(projection);
  const ProjectionSpec& spec = experiment_.network.projections[index];
  network_.simulation().settle();
  SynapseTable table;
  const std::size_t count = network_.projections()[index].synapses;
  for (auto* const column : {&table.source, &table.target}) column->reserve(count);
  for (auto* const column : {&table.weight, &table.delay}) column->reserve(count);
  const std::vector<PopulationInfo>& populations = network_.simulation().populations();
  const auto population_of = [&](NeuronId neuron) {
    const auto behind = std::ranges::upper_bound(populations, neuron, {}, &PopulationInfo::first);
    return static_cast<std::uint32_t>(behind - populations.begin() - 1);
  };
  std::vector<Synapse> row;
  for (std::size_t p = 0; p < populations.size(); ++p) {
    if (std::ranges::find(spec.source, populations[p].name, &Selection::population) == spec.source.end()) continue;
    for (std::uint32_t n = 0; n < populations[p].size; ++n) {
      row.clear();
      network_.outgoing(index, populations[p].first + n, row);
      for (const Synapse& synapse : row) {
        const std::uint32_t target = population_of(synapse.target);
        table.source.push_back(n);
        table.target.push_back(synapse.target - populations[target].first);
        table.source_population.push_back(static_cast<std::uint32_t>(p));
        table.target_population.push_back(target);
        table.weight.push_back(synapse.weight);
        table.delay.push_back(synapse.delay);
      }
    }
  }
  if (spec.plasticity.rule.empty()) return table;
  const RuleLibrary built_in;
  const Rule& rule =
      (experiment_.network.rules ? experiment_.network.rules.get() : &built_in)->at(spec.plasticity.rule);
  for (std::size_t c = 1; c < rule.columns.size(); ++c)
    std::visit(
        [&](const auto& values) {
          table.columns.emplace_back(rule.columns[c].name, std::vector<double>(values.begin(), values.end()));
        },
        network_.read_column(index, c));
  return table;
}

void Session::save_checkpoint(const std::filesystem::path& file) {
  refuse_trials("saved");
  Simulation& simulation = network_.simulation();
  Checkpoint checkpoint;
  checkpoint.rheobase = version;
  checkpoint.tick = simulation.now();
  checkpoint.dt = dt();
  checkpoint.synapses = network_.synapse_digest();
  checkpoint.network = simulation.fingerprint();
  checkpoint.run.file = experiment_.path;
  checkpoint.run.overrides = experiment_.overrides;
  checkpoint.state = simulation.save();
  write_checkpoint(file, checkpoint);
}

void Session::load(std::span<const std::byte> state) {
  restore(Simulation::time_of(state), [&] { network_.simulation().load(state); });
}

void Session::load_checkpoint(const std::filesystem::path& file) {
  const Checkpoint checkpoint = read_checkpoint(file);
  restore(checkpoint.tick, [&] { rheo::load_checkpoint(network_, checkpoint, file); });
}

// A state that turns out to be damaged half way leaves the simulation in between.
void Session::restore(Tick to, const std::function<void()>& load) {
  if (network_.simulation().now() > experiment_.begin || to > experiment_.begin) refuse_trials("loaded");
  schedule_.skip_to(to);
  const std::vector<std::byte> before = network_.simulation().save();
  try {
    load();
  } catch (const StateError&) {
    network_.simulation().load(before);
    throw;
  }
}

}  // namespace rheo
