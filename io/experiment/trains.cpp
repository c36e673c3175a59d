// Spike trains of sources and inputs.
#include <fmt/format.h>

#include <algorithm>

#include "io/experiment/reader.hpp"
#include "io/spikes/reader.hpp"

namespace rheo::experiment_file {

std::shared_ptr<const SpikeTrains> ExperimentReader::read_trains(const Field& params, std::uint32_t size,
                                                                 bool may_share) {
  const auto times = params.find("times");
  const auto file = params.find("file");
  const auto name = params.find("population");
  if (name && !file) name->reject("names a population of a file", "file = \"..\" beside it");
  if (times && file) times->reject("excludes file", "either times or file");
  SpikeTimeRules rules;
  if (const auto offset = params.find("offset"))
    rules.offset = offset->number({.low = any_value.low, .high = any_value.high, .unit = "ms"});
  if (const auto at_zero = params.find("at_zero"))
    rules.at_zero = at_zero->word({"first_tick", "drop"}, {}, "place for time 0") == "drop"
                        ? SpikeTimeRules::AtZero::drop
                        : SpikeTimeRules::AtZero::first_tick;
  if (const auto round = params.find("round"))
    rules.nearest = round->word({"up", "nearest"}, {}, "way of rounding") == "nearest";
  if (times) {
    const bool shared = may_share && times->is(TomlNode::Kind::numbers);
    SpikePlacer placer(network().dt, rules, {});
    auto trains = std::make_shared<const SpikeTrains>(listed_trains(*times, shared ? 1 : size, placer));
    note_placed(params, {}, placer);
    return trains;
  } else if (file) {
    try {
      return std::make_shared<const SpikeTrains>(stored_trains(params, *file, name, size, rules));
    } catch (const ExperimentError&) {
      throw;
    } catch (const UserError& error) {
      const Complaint& c = error.complaint();
      file->reject(fmt::format("{}{}{}{}{}: {}", c.file, c.key.empty() ? "" : ":", c.key, c.value.empty() ? "" : " = ",
                               c.value, c.problem),
                   c.expected);
    }
  }
  return nullptr;
}

void ExperimentReader::note_placed(const Field& params, const std::string& file, SpikePlacer& placer) {
  PlacedSpikes placed = placer.counts();
  placed.key = params.key();
  placed.file = file;
  if (std::string warning = warning_about(placed); !warning.empty()) experiment_.warnings.push_back(std::move(warning));
  if (placed.is_worth_saying()) experiment_.spike_times.push_back(std::move(placed));
}

void ExperimentReader::place_spike(const Field& at, double time, SpikePlacer& placer, std::vector<double>& train) {
  using Outcome = SpikePlacer::Outcome;
  const double stored = time;
  const Outcome outcome = placer.place(time);
  if (outcome == Outcome::too_early || outcome == Outcome::at_zero)
    at.reject(fmt::format("holds the time {}", stored), SpikePlacer::expected(outcome));
  if (outcome == Outcome::placed) train.push_back(time);
}

SpikeTrains ExperimentReader::listed_trains(const Field& times, std::uint32_t size, SpikePlacer& placer) {
  const std::string expected = fmt::format("{} list{} of times > 0 (ms)", size, size == 1 ? "" : "s, one per neuron,");
  SpikeTrains trains;
  trains.begin.push_back(0);
  const auto add_train = [&](const Field& train) {
    for (const double time : train.numbers("a list of times > 0 (ms)")) place_spike(train, time, placer, trains.times);
    trains.begin.push_back(trains.times.size());
  };
  if (!times.is_list()) times.reject_kind(expected);
  if (times.is(TomlNode::Kind::numbers) || times.node().items.empty()) {
    if (size != 1) times.reject(fmt::format("is one list, and there are {} neurons", size), expected);
    add_train(times);
    return trains;
  }
  if (times.node().items.size() != size) {
    times.reject(fmt::format("has {} entries", times.node().items.size()), expected);
  }
  for (std::size_t i = 0; i < size; ++i) {
    add_train({times.node().items[i], fmt::format("{}[{}]", times.key(), i)});
  }
  return trains;
}

SpikeTrains ExperimentReader::stored_trains(const Field& params, const Field& file, const std::optional<Field>& name,
                                            std::uint32_t size, const SpikeTimeRules& rules) {
  const std::string path = file.path();
  const Names names = spike_populations(path);
  std::string wanted;
  if (name) {
    wanted = name->text("the name of a population in the file");
    if (!contains(names, wanted)) {
      name->reject("is no population of the file", names.empty() ? std::string() : one_of(names),
                   nearest(wanted, names));
    }
  } else if (names.size() > 1) {
    file.reject(fmt::format("holds {} populations", names.size()), "population = " + one_of(names) + " beside it");
  }
  const RecordedSpikes spikes = read_spikes(path, wanted);
  SpikePlacer placer(network().dt, rules, spikes.resolution);
  std::vector<double> times;
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < spikes.nodes.size(); ++i) {
    if (spikes.nodes[i] >= size) {
      file.reject(fmt::format("holds a spike of neuron {}", spikes.nodes[i]),
                  fmt::format("neurons below {}, the size of the population", size));
    }
    place_spike(file, spikes.times[i], placer, times);
    if (ids.size() < times.size()) ids.push_back(spikes.nodes[i]);
  }
  note_placed(params, path, placer);

  SpikeTrains trains;
  trains.begin.assign(std::size_t{size} + 1, 0);
  for (const std::uint64_t id : ids) ++trains.begin[id + 1];
  for (std::size_t i = 1; i < trains.begin.size(); ++i) trains.begin[i] += trains.begin[i - 1];
  trains.times.resize(times.size());
  std::vector<std::uint64_t> next(trains.begin.begin(), trains.begin.end() - 1);
  for (std::size_t i = 0; i < ids.size(); ++i) trains.times[next[ids[i]]++] = times[i];
  return trains;
}

}  // namespace rheo::experiment_file
