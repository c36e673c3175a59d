#include "io/spikes/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "io/files/recording.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

// More names than this are no populations but a column of something else.
constexpr std::size_t most_populations = 10'000;

void in_pieces(const StoredSpikes& spikes, const std::function<void(std::span<const Spike>)>& take) {
  std::vector<Spike> rows;
  for (std::uint64_t first = 0; first < spikes.size(); first += h5::piece_values) {
    const std::uint64_t count = std::min(h5::piece_values, spikes.size() - first);
    const auto times = spikes.times(first, count);
    const auto nodes = spikes.nodes(first, count);
    rows.resize(times.size());
    for (std::size_t i = 0; i < times.size(); ++i) rows[i] = {times[i], nodes[i], 0};
    take(rows);
  }
}

bool is_sorted(const StoredSpikes& spikes, SpikeOrder order) {
  if (order == SpikeOrder::none) return true;
  bool sorted = true, first = true;
  Spike last;
  for (std::uint64_t begin = 0; sorted && begin < spikes.size(); begin += h5::piece_values) {
    const std::uint64_t count = std::min(h5::piece_values, spikes.size() - begin);
    const auto times = spikes.times(begin, count);
    const auto nodes = spikes.nodes(begin, count);
    for (std::size_t i = 0; sorted && i < times.size(); ++i) {
      const Spike next{times[i], nodes[i], 0};
      sorted = first || in_order(last, next, order);
      first = false;
      last = next;
    }
  }
  return sorted;
}

void append(SealedSpikes& to, std::span<const Spike> spikes, std::vector<double>& times,
            std::vector<std::uint64_t>& nodes) {
  times.resize(spikes.size());
  nodes.resize(spikes.size());
  for (std::size_t i = 0; i < spikes.size(); ++i) {
    times[i] = spikes[i].time;
    nodes[i] = spikes[i].node;
  }
  to.write(times, nodes);
}

[[noreturn]] void reject_population(const fs::path& file, const std::string& name,
                                    const std::vector<std::string>& names) {
  throw RecordingError({.file = file.string(),
                        .key = "--population",
                        .value = name,
                        .problem = "is no population of the file",
                        .expected = fmt::format("{}", fmt::join(names, ", ")),
                        .suggestion = nearest(name, names)});
}

ConvertSummary convert_stored(const fs::path& from, const fs::path& to, const ConvertOptions& options) {
  const h5::File file = h5::File::open(from.string());
  std::vector<StoredPopulation> populations = open_spikes(file);
  if (!options.population.empty()) {
    if (spike_populations(from.string()).empty() && populations.size() == 1) {
      populations[0].name = options.population;  // the older layout
    } else {
      const std::vector<std::string> names = names_in(populations);
      std::erase_if(populations, [&](const StoredPopulation& p) { return p.name != options.population; });
      if (populations.empty()) reject_population(from, options.population, names);
    }
  }
  ConvertSummary summary;
  write_whole(to, [&](h5::File& out) {
    h5::Group group = out.create_group("spikes");
    std::vector<double> times;
    std::vector<std::uint64_t> nodes;
    for (const StoredPopulation& population : populations) {
      SealedSpikes sealed(group, population.name, population.spikes.size(), options.order,
                          population.spikes.resolution());
      in_sorted_pieces(population.spikes, options.order, to, options.rows,
                       [&](std::span<const Spike> spikes) { append(sealed, spikes, times, nodes); });
      summary.populations.push_back({population.name, population.spikes.size()});
    }
  });
  return summary;
}

std::string line_of(const fs::path& file, std::uint64_t line) {
  return fmt::format("{}:{}", file.string(), line);
}

// The populations that a text names, in the order in which they first spike, with their spikes.
struct TextPopulations {
  struct Found {
    std::uint64_t index = 0, spikes = 0;
  };
  using Map = std::map<std::string, Found, std::less<>>;

  // The population of this name, which may be a new one.
  Found& at(std::string_view name, const fs::path& file, std::uint64_t line) {
    if (recent != nullptr && name == recent_name) return *recent;
    auto known = found.find(name);
    if (known == found.end()) {
      if (found.size() == most_populations)
        reject_recording(line_of(file, line), fmt::format("is population number {}", most_populations + 1),
                         fmt::format("at most {} populations", most_populations));
      known = found.emplace(name, Found{found.size(), 0}).first;
    }
    recent = &known->second;
    recent_name = name;
    return *recent;
  }

  Map found;
  Found* recent = nullptr;  // most spikes are of the population of the spike before
  std::string recent_name;
};

// Reads the populations of a text, and their spikes into `sorter`.
TextPopulations::Map read_populations(const fs::path& from, const ConvertOptions& options, SpikeSorter& sorter) {
  TextPopulations populations;
  const bool named = !options.population.empty();
  bool has_names = false;
  read_spike_text(from, *options.text, [&](double time, std::uint64_t node, std::string_view name, std::uint64_t line) {
    has_names = has_names || !name.empty();
    if (name.empty()) {
      if (!named) reject_recording(from, "does not name the population of its spikes", "--population NAME");
      name = options.population;
    }
    TextPopulations::Found& population = populations.at(name, from, line);
    if (named && name != options.population) return;
    if (node < options.first_id)
      throw RecordingError({.file = line_of(from, line),
                            .key = "id",
                            .value = std::to_string(node),
                            .problem = "is less than that of the first neuron, --first-id",
                            .expected = fmt::format("{} or more", options.first_id)});
    ++population.spikes;
    sorter.add({time, node - options.first_id, population.index});
  });
  TextPopulations::Map& found = populations.found;
  if (named && !has_names) found.emplace(options.population, TextPopulations::Found{});  // perhaps without a spike
  if (found.empty())
    reject_recording(from, "holds no spikes", "at least one, or --population NAME for a population without");
  if (named) {
    std::vector<std::string> names;
    for (const auto& [name, population] : found) names.push_back(name);
    if (!found.contains(options.population)) reject_population(from, options.population, names);
    std::erase_if(found, [&](const auto& entry) { return entry.first != options.population; });
  }
  return std::move(populations.found);
}

// Writes all populations by their names, whose spikes come in this order.
void write_populations(h5::File& to, const TextPopulations::Map& populations, SpikeSorter& by_name, SpikeOrder order) {
  h5::Group group = to.create_group("spikes");
  std::vector<double> times;
  std::vector<std::uint64_t> nodes;
  auto next = populations.begin();
  std::optional<SealedSpikes> sealed;  // the population before `next`
  const auto begin_next = [&] {
    sealed.emplace(group, next->first, next->second.spikes, order);
    ++next;
  };
  std::uint64_t begun = 0;
  by_name.drain([&](std::span<const Spike> spikes) {
    while (!spikes.empty()) {
      const std::uint64_t population = spikes.front().population;
      const auto end = std::find_if(spikes.begin(), spikes.end(),
                                    [&](const Spike& spike) { return spike.population != population; });
      const auto count = static_cast<std::size_t>(end - spikes.begin());
      for (; begun <= population; ++begun) begin_next();
      append(*sealed, spikes.first(count), times, nodes);
      spikes = spikes.subspan(count);
    }
  });
  while (next != populations.end()) begin_next();
}

ConvertSummary convert_text(const fs::path& from, const fs::path& to, const ConvertOptions& options) {
  SpikeSorter sorter(options.order, to, options.rows);
  const TextPopulations::Map found = read_populations(from, options, sorter);
  // A file of ours has its populations in the order of their names, and so their spikes.
  std::map<std::uint64_t, std::uint64_t> ranks;
  bool in_order_of_names = true;
  for (const auto& [name, population] : found) {
    const std::uint64_t rank = ranks.size();
    in_order_of_names = in_order_of_names && population.index == rank;
    ranks[population.index] = rank;
  }
  SpikeSorter ranked(options.order, to, options.rows);
  if (!in_order_of_names)
    sorter.drain([&](std::span<const Spike> spikes) {
      for (const Spike& spike : spikes) ranked.add({spike.time, spike.node, ranks.at(spike.population)});
    });
  SpikeSorter& by_name = in_order_of_names ? sorter : ranked;

  write_whole(to, [&](h5::File& out) { write_populations(out, found, by_name, options.order); });
  ConvertSummary summary;
  for (const auto& [name, population] : found) summary.populations.push_back({name, population.spikes});
  return summary;
}

}  // namespace

void in_sorted_pieces(const StoredSpikes& spikes, SpikeOrder order, const fs::path& beside, std::size_t rows,
                      const std::function<void(std::span<const Spike>)>& take) {
  if (is_sorted(spikes, order)) return in_pieces(spikes, take);
  SpikeSorter sorter(order, beside, rows);
  in_pieces(spikes, [&](std::span<const Spike> some) {
    for (const Spike& spike : some) sorter.add(spike);
  });
  sorter.drain(take);
}

ConvertSummary convert_spikes(const fs::path& from, const fs::path& to, const ConvertOptions& options) {
  return recording_step(to, [&] {
    if (!options.population.empty() && !is_population_name(options.population))
      throw RecordingError({.key = "--population",
                            .value = options.population,
                            .problem = "cannot be the name of a population",
                            .expected = "a name in UTF-8 without /"});
    return options.text ? convert_text(from, to, options) : convert_stored(from, to, options);
  });
}

}  // namespace rheo
