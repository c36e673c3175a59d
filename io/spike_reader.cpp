#include "io/spike_reader.hpp"

#include <cmath>
#include <string_view>

namespace rheo {
namespace {

constexpr std::string_view older_ids[] = {"gids", "node_ids"};

bool without_names(const h5::Group& spikes) {
  return spikes.has_dataset("timestamps") && (spikes.has_dataset("gids") || spikes.has_dataset("node_ids"));
}

std::vector<std::string> named_populations(const h5::Group& spikes) {
  std::vector<std::string> names;
  for (std::string& name : spikes.list()) {
    if (spikes.has_group(name)) names.push_back(std::move(name));
  }
  return names;
}

[[noreturn]] void refuse(const h5::Group& spikes, const std::string& population,
                         const std::vector<std::string>& names) {
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "one of " : ", ") + name;
  throw h5::Error({.file = spikes.file(),
                   .key = spikes.path(),
                   .value = population,
                   .problem = population.empty()
                                  ? (names.empty() ? "there is no population"
                                                   : "there are several populations, one has to be named")
                                  : "there is no such population",
                   .expected = known,
                   .suggestion = population.empty() ? std::string() : nearest(population, names)});
}

h5::Group choose(const h5::Group& spikes, const std::string& population) {
  const auto names = named_populations(spikes);
  if (population.empty() && names.size() == 1) return spikes.group(names[0]);
  if (population.empty() || population.find('/') != std::string::npos || !spikes.has_group(population)) {
    refuse(spikes, population, names);
  }
  return spikes.group(population);
}

RecordedSpikes read(const h5::Group& group) {
  const h5::Dataset timestamps = group.dataset("timestamps");
  std::string_view ids = "node_ids";
  for (const std::string_view name : older_ids) {
    if (group.has_dataset(name)) ids = name;
  }
  const h5::Dataset nodes = group.dataset(ids);
  for (const h5::Dataset* dataset : {&timestamps, &nodes}) {
    if (dataset->rank() != 1) dataset->fail("must have one dimension, but has " + std::to_string(dataset->rank()));
  }
  if (timestamps.size() != nodes.size()) {
    timestamps.fail("holds " + std::to_string(timestamps.size()) + " values, but " + nodes.path() + " holds " +
                    std::to_string(nodes.size()));
  }
  if (timestamps.has_attribute("units")) {
    const std::string units = timestamps.text_attribute("units").value_or("");
    if (units != "ms" && units != "millisecond" && units != "milliseconds") {
      throw h5::Error({.file = timestamps.file(),
                       .key = timestamps.path() + "@units",
                       .value = "\"" + units + "\"",
                       .problem = "unknown unit of time",
                       .expected = "\"ms\"",
                       .suggestion = {}});
    }
  }
  RecordedSpikes spikes{timestamps.read<double>(), nodes.read<std::uint64_t>()};
  for (std::size_t i = 0; i < spikes.times.size(); ++i) {
    if (!std::isfinite(spikes.times[i])) timestamps.fail("value " + std::to_string(i) + " is not a finite number");
  }
  return spikes;
}

}  // namespace

RecordedSpikes read_spikes(const std::string& path, const std::string& population) {
  const h5::File file = h5::File::open(path);
  const h5::Group spikes = file.group("/spikes");
  return without_names(spikes) ? read(spikes) : read(choose(spikes, population));
}

std::vector<std::string> spike_populations(const std::string& path) {
  const h5::File file = h5::File::open(path);
  const h5::Group spikes = file.group("/spikes");
  return without_names(spikes) ? std::vector<std::string>() : named_populations(spikes);
}

}  // namespace rheo
