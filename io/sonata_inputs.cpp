#include <algorithm>
#include <cmath>

#include "io/sonata_columns.hpp"
#include "io/sonata_parts.hpp"
#include "io/spike_reader.hpp"

namespace rheo::sonata {

namespace {

// Spikes that arrive at one virtual population, in the order in which the inputs give them.
struct Arrivals {
  std::vector<std::uint32_t> ids;
  std::vector<double> times;  // ms
  bool any_input = false;
};

std::shared_ptr<const SpikeTrains> to_trains(const Arrivals& arrivals, std::uint32_t size) {
  auto trains = std::make_shared<SpikeTrains>();
  trains->begin.assign(std::size_t{size} + 1, 0);
  for (const std::uint32_t id : arrivals.ids) ++trains->begin[id + 1];
  for (std::size_t i = 0; i < size; ++i) trains->begin[i + 1] += trains->begin[i];
  trains->times.resize(arrivals.times.size());
  std::vector<std::uint64_t> next(trains->begin.begin(), trains->begin.end() - 1);
  for (std::size_t i = 0; i < arrivals.ids.size(); ++i) trains->times[next[arrivals.ids[i]]++] = arrivals.times[i];
  return trains;
}

void read_spike_input(const Item& input, const NodeSets& sets, const NodePopulations& populations, double duration,
                      std::map<std::string, Arrivals>& arrivals, Experiment& experiment) {
  const Item module = input.need("module", "h5 or sonata");
  if (module.text() != "h5" && module.text() != "sonata") module.fail("not available yet", "h5 or sonata");
  const Item file = input.need("input_file", "the path of an HDF5 file with spikes");
  const fs::path path = file.path();
  std::error_code error;
  if (!fs::is_regular_file(path, error)) fail(file.file(), file.key(), path.string(), "no such file");
  if (std::ranges::find(experiment.files, path.string()) == experiment.files.end())
    experiment.files.push_back(path.string());

  const bool named = !spike_populations(path.string()).empty();
  for (const NodeChoice& choice : sets.resolve(input.need("node_set", "the name of a node set"))) {
    const NodePopulation& population = populations.at(choice.population);
    if (!population.is_virtual) {
      fail(input.file(), input.key() + ".node_set", choice.population, "spikes can only be played into virtual nodes",
           "a population of model_type virtual");
    }
    const RecordedSpikes spikes = read_spikes(path.string(), choice.population);
    Arrivals& all = arrivals[choice.population];
    all.any_input = true;
    std::uint64_t at_zero = 0;
    for (std::size_t i = 0; i < spikes.times.size(); ++i) {
      const std::uint64_t id = spikes.nodes[i];
      const double time = spikes.times[i];
      const auto place = [&](const char* dataset) {
        return (named ? "/spikes/" + choice.population : "/spikes") + "/" + dataset + "[" + std::to_string(i) + "]";
      };
      if (id >= population.size) {
        fail(path.string(), place(named ? "node_ids" : "gids"), std::to_string(id),
             "no such node in " + choice.population, "0 to " + std::to_string(population.size - 1));
      }
      if (!std::isfinite(time) || time < 0) {
        fail(path.string(), place("timestamps"), as_text(time), "not a time of the simulation", "a number > 0 (ms)");
      }
      if (choice.ids && !std::ranges::binary_search(*choice.ids, id)) continue;
      if (time > duration) continue;
      // Times are rounded to a microsecond before they become ticks.
      if (std::round(time * 1000.0) <= 0) {
        ++at_zero;
        continue;
      }
      all.ids.push_back(static_cast<std::uint32_t>(id));
      all.times.push_back(time);
    }
    if (at_zero != 0) {
      experiment.warnings.push_back(path.string() + ": " + std::to_string(at_zero) + " spikes of " + choice.population +
                                    " at time 0 are left out: nothing can be delivered at the start.");
    }
  }
}

}  // namespace

void read_inputs(const Config& config, const NodePopulations& populations, Experiment& experiment, Unused& unused) {
  const NodeSets sets(config, populations, experiment);
  std::map<std::string, Arrivals> arrivals;
  if (const auto inputs = config.simulation ? config.simulation->find("inputs") : std::nullopt) {
    for (const auto& [name, input] : inputs->members()) {
      if (!enabled(input)) continue;
      const Item type = input.need("input_type", "spikes");
      if (type.text() != "spikes") type.fail("not available yet", "spikes");
      read_spike_input(input, sets, populations, experiment.duration, arrivals, experiment);
      note_unused(input, {"enabled", "input_type", "module", "input_file", "node_set"}, unused);
    }
  }
  for (const auto& [name, population] : populations) {
    if (!population.is_virtual) continue;
    const Arrivals& all = arrivals[name];
    experiment.network.populations[population.spec].trains = to_trains(all, population.size);
    if (!all.any_input) {
      experiment.warnings.push_back("Population " + name + " is virtual and has no input: it stays silent.");
    }
  }
}

}  // namespace rheo::sonata
