#include "io/spikes/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "io/spikes/text.hpp"

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

[[noreturn]] void reject_spikes(const h5::Group& spikes, const std::string& population,
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
    reject_spikes(spikes, population, names);
  }
  return spikes.group(population);
}

h5::Dataset ids_of(const h5::Group& group) {
  std::string_view ids = "node_ids";
  for (const std::string_view name : older_ids) {
    if (group.has_dataset(name)) ids = name;
  }
  return group.dataset(ids);
}

RecordedSpikes read(const h5::Group& group) {
  const StoredSpikes spikes(group);
  return {spikes.times(0, spikes.size()), spikes.nodes(0, spikes.size()), spikes.resolution()};
}

}  // namespace

StoredSpikes::StoredSpikes(const h5::Group& group)
    : timestamps_(group.dataset("timestamps")), nodes_(ids_of(group)), size_(timestamps_.size()) {
  for (const h5::Dataset* dataset : {&timestamps_, &nodes_}) {
    if (dataset->rank() != 1) dataset->fail("must have one dimension, but has " + std::to_string(dataset->rank()));
  }
  if (size_ != nodes_.size()) {
    timestamps_.fail("holds " + std::to_string(size_) + " values, but " + nodes_.path() + " holds " +
                     std::to_string(nodes_.size()));
  }
  // Before anybody makes room for them.
  timestamps_.check_claim();
  nodes_.check_claim();
  if (timestamps_.kind() == h5::Kind::integer) resolution_.absolute = 0.5;
  if (timestamps_.kind() == h5::Kind::real && timestamps_.spacing() > 1e-15)
    resolution_.relative = timestamps_.spacing();
  if (const auto noted = timestamps_.numbers_attribute<double>("resolution"); noted && noted->size() == 2)
    resolution_ = {std::clamp((*noted)[0], 0.0, 1.0), std::clamp((*noted)[1], 0.0, 1.0)};
  if (timestamps_.has_attribute("units")) {
    const std::string units = timestamps_.text_attribute("units").value_or("");
    if (units != "ms" && units != "millisecond" && units != "milliseconds") {
      throw h5::Error({.file = timestamps_.file(),
                       .key = timestamps_.path() + "@units",
                       .value = "\"" + units + "\"",
                       .problem = "unknown unit of time",
                       .expected = "\"ms\""});
    }
  }
}

std::vector<double> StoredSpikes::times(std::uint64_t first, std::uint64_t count) const {
  std::vector<double> times = timestamps_.read<double>(first, count);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!std::isfinite(times[i])) timestamps_.fail("value " + std::to_string(first + i) + " is not a finite number");
    if (times[i] < 0)
      throw h5::Error({.file = timestamps_.file(),
                       .key = timestamps_.path() + "[" + std::to_string(first + i) + "]",
                       .value = fmt::format("{}", times[i]),
                       .problem = "is no time of a spike",
                       .expected = "a number >= 0 (ms)"});
  }
  return times;
}

std::vector<std::uint64_t> StoredSpikes::nodes(std::uint64_t first, std::uint64_t count) const {
  return nodes_.read<std::uint64_t>(first, count);
}

std::vector<StoredPopulation> open_spikes(const h5::File& file) {
  const h5::Group spikes = file.group("/spikes");
  std::vector<StoredPopulation> populations;
  if (without_names(spikes)) {
    populations.push_back({"default", StoredSpikes(spikes)});
    return populations;
  }
  for (const std::string& name : named_populations(spikes)) {
    if (!is_population_name(name)) spikes.fail("has a name that is no UTF-8", name);
    populations.push_back({name, StoredSpikes(spikes.group(name))});
  }
  return populations;
}

void describe_spikes(h5::Group& group, h5::Dataset& timestamps, SpikeOrder order) {
  static const std::array<h5::EnumMember, 3> sorting{{{"none", 0}, {"by_id", 1}, {"by_time", 2}}};
  group.set_enum("sorting", sorting, static_cast<std::int8_t>(order));
  timestamps.set_text("units", "ms");
}

SealedSpikes::SealedSpikes(h5::Group& spikes, const std::string& population, std::uint64_t count, SpikeOrder order,
                           const TimeResolution& resolution)
    : group_(spikes.create_group(population)),
      timestamps_(group_.create_dataset<double>("timestamps", count, h5::Storage::runs)),
      nodes_(group_.create_dataset<std::uint64_t>("node_ids", count, h5::Storage::runs)) {
  describe_spikes(group_, timestamps_, order);
  if (resolution.relative > 0 || resolution.absolute > 0)
    timestamps_.set_numbers<double>("resolution", std::array{resolution.relative, resolution.absolute});
}

void SealedSpikes::write(std::span<const double> times, std::span<const std::uint64_t> nodes) {
  // One spike after the other would do: a chunk is written when it is full, so that the order of chunks in the file,
  // one of both in turn, must not depend on the length of pieces.
  while (!times.empty()) {
    const std::size_t some = std::min<std::size_t>(times.size(), timestamps_.rows_to_next_chunk());
    timestamps_.append<double>(times.first(some));
    nodes_.append<std::uint64_t>(nodes.first(some));
    times = times.subspan(some);
    nodes = nodes.subspan(some);
  }
}

void SealedSpikes::append(const h5::Dataset& times, const h5::Dataset& nodes, std::uint64_t count) {
  for (std::uint64_t first = 0; first < count;) {
    const std::uint64_t some = std::min(count - first, timestamps_.rows_to_next_chunk());
    timestamps_.append<double>(times, first, some);
    nodes_.append<std::uint64_t>(nodes, first, some);
    first += some;
  }
}

RecordedSpikes read_spikes(const std::string& path, const std::string& population) {
  if (is_spike_text(path)) return read_spike_text(path, population);
  const h5::File file = h5::File::open(path);
  const h5::Group spikes = file.group("/spikes");
  return without_names(spikes) ? read(spikes) : read(choose(spikes, population));
}

std::vector<std::string> spike_populations(const std::string& path) {
  if (is_spike_text(path)) return spike_text_populations(path);
  const h5::File file = h5::File::open(path);
  const h5::Group spikes = file.group("/spikes");
  return without_names(spikes) ? std::vector<std::string>() : named_populations(spikes);
}

}  // namespace rheo
