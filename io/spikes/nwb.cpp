#include "io/spikes/nwb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/random.hpp"
#include "io/files/recording.hpp"
#include "io/h5/h5.hpp"
#include "io/spikes/convert.hpp"
#include "io/spikes/reader.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;
using SortedJson = nlohmann::json;

// The release of the schema that is followed, and that of hdmf-common beside it is 1.8.0.
const char* const nwb_version = "2.7.0";

struct Session {
  std::string start, description, notes, identity;
  std::optional<double> dt;                                              // ms
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> sizes;  // neurons and spikes of each population
};

// "2024-05-17T09:30:00", perhaps with a fraction, then Z or an offset such as +02:00.
bool is_date(const std::string& text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00";
  const auto fits = [&](std::size_t at, std::string_view like) {
    if (text.size() < at + like.size()) return false;
    for (std::size_t i = 0; i < like.size(); ++i) {
      const bool digit = std::isdigit(static_cast<unsigned char>(text[at + i])) != 0;
      if (like[i] == '0' ? !digit : text[at + i] != like[i]) return false;
    }
    return true;
  };
  const auto number = [&](std::size_t at) { return std::stoi(text.substr(at, 2)); };
  if (!fits(0, shape) || number(5) < 1 || number(5) > 12 || number(8) < 1 || number(8) > 31 || number(11) > 23 ||
      number(14) > 59 || number(17) > 60)
    return false;
  std::size_t at = shape.size();
  if (fits(at, ".0")) {
    for (++at; fits(at, "0");) ++at;
  }
  if (text.substr(at) == "Z") return true;
  return text.size() == at + 6 && (fits(at, "+00:00") || fits(at, "-00:00"));
}

Session read_session(const fs::path& spikes, const NwbOptions& options) {
  const fs::path file = spikes.has_parent_path() ? spikes.parent_path() / "run.json" : fs::path("run.json");
  Session session;
  const auto need_date = [](const fs::path& place, std::string key, const std::string& value) {
    if (!is_date(value))
      throw RecordingError({.file = place.string(),
                            .key = std::move(key),
                            .value = value,
                            .problem = "is no date and time",
                            .expected = "such as 2024-05-17T09:30:00Z"});
  };
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    if (options.start.empty())
      reject_recording(file, "is not there, and NWB wants to know when the session started",
                       "the output directory of a run, or --start 2024-05-17T09:30:00Z");
    need_date({}, "--start", options.start);
    session.start = options.start;
    session.description = "Spikes of " + spikes.filename().string();
    session.notes = "Written by rheo export from spikes without a run.json.";
    session.identity = session.start + '\n' + spikes.filename().string();
    return session;
  }
  try {
    const SortedJson run = SortedJson::parse(stream);
    session.start = options.start.empty() ? run.at("started").get<std::string>() : options.start;
    need_date(options.start.empty() ? file : fs::path(), options.start.empty() ? "started" : "--start", session.start);
    const std::string title = run.at("title"), experiment = run.at("experiment"), by = run.at("rheobase");
    session.description = title.empty() ? "Simulation of " + experiment : title;
    session.dt = run.at("dt_ms").get<double>();
    session.notes = fmt::format("Simulated by Rheobase {}: experiment {}, seed {}, dt {} ms, {} ms, status {}.", by,
                                experiment, run.at("seed").get<std::uint64_t>(), *session.dt,
                                run.at("simulated_ms").get<double>(), run.at("status").get<std::string>());
    // All that tells runs apart.
    session.identity = session.start + '\n' + run.dump(-1, ' ', false, SortedJson::error_handler_t::replace);
    for (const auto& [name, population] : run.at("populations").items())
      session.sizes[name] = {population.at("size").get<std::uint64_t>(), population.at("spikes").get<std::uint64_t>()};
  } catch (const SortedJson::exception& error) {
    reject_recording(file, fmt::format("is not as rheo writes it ({})", error.what()),
                     "the output directory of a run, or the spike file alone with --start");
  }
  return session;
}

// Ids of the form that RFC 9562 leaves to its users (version 8), a function of the run.
class ObjectIds {
 public:
  explicit ObjectIds(const std::string& identity) : key_(random_key(0, identity, "nwb")) {}
  std::string next() {
    RandomStream words(key_, number_++);
    const std::uint64_t high = (words.next_u64() & ~std::uint64_t{0xF000}) | 0x8000;
    const std::uint64_t low = (words.next_u64() & ~(std::uint64_t{3} << 62)) | std::uint64_t{1} << 63;
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48,
                       low & 0xFFFFFFFFFFFF);
  }

 private:
  RandomKey key_;
  std::uint32_t number_ = 0;
};

// The table of units while it grows: as many rows as neurons, columns in pieces.
class Units {
 public:
  Units(h5::Group table, ObjectIds& ids, std::uint64_t spikes, const std::optional<double>& dt)
      : table_(std::move(table)),
        id_(column<std::int64_t>("id", "ElementIdentifiers", {}, ids)),
        times_(table_.create_dataset<double>("spike_times", spikes)),
        index_(column<std::uint64_t>("spike_times_index", "VectorIndex", "Index for VectorData 'spike_times'", ids)),
        population_(table_.create_variable_texts("population", chunk)),
        node_(
            column<std::uint64_t>("node_id", "VectorData", "Number of the neuron within its population, from 0", ids)) {
    describe(times_, "VectorData", "Spike times of each unit in seconds", ids);
    if (dt) times_.set_number<double>("resolution", *dt / 1000);
    describe(population_, "VectorData", "Population of the neuron", ids);
    index_.set_reference("target", times_);
    const std::vector<std::string> names{"spike_times", "population", "node_id"};
    table_.set_variable_texts("colnames", names);
    table_.set_variable_text("description", "Neurons of the simulation, one unit each");
    describe_object(table_, "core", "Units", ids.next());
  }

  static void describe_object(h5::Object& object, const char* name_space, const char* type, const std::string& id) {
    object.set_variable_text("namespace", name_space);
    object.set_variable_text("neurodata_type", type);
    object.set_variable_text("object_id", id);
  }

  void add_unit(const std::string& population, std::uint64_t node) {
    if (populations_.size() == chunk) flush();
    if (units_ > 0) ends_.push_back(spikes_);
    ids_.push_back(static_cast<std::int64_t>(units_++));
    populations_.push_back(population);
    nodes_.push_back(node);
  }
  // Of the unit that was added last.
  void add_spikes(std::span<const Spike> spikes) {
    for (const Spike& spike : spikes) {
      seconds_.push_back(spike.time / 1000);
      if (seconds_.size() == h5::piece_values) write_times();
    }
    spikes_ += spikes.size();
  }
  void finish() {
    if (units_ > 0) ends_.push_back(spikes_);
    write_times();
    flush();
  }
  std::uint64_t units() const { return units_; }

 private:
  static constexpr std::uint64_t chunk = 16384;

  template <class T>
  h5::Dataset column(const char* name, const char* type, const char* description, ObjectIds& ids) {
    h5::Dataset dataset = table_.create_growing<T>(name, chunk);
    describe(dataset, type, description, ids);
    return dataset;
  }
  static void describe(h5::Dataset& dataset, const char* type, const char* description, ObjectIds& ids) {
    if (description != nullptr) dataset.set_variable_text("description", description);
    describe_object(dataset, "hdmf-common", type, ids.next());
  }
  void write_times() {
    times_.write<double>(written_, seconds_);
    written_ += seconds_.size();
    seconds_.clear();
  }
  void flush() {
    id_.append<std::int64_t>(ids_);
    index_.append<std::uint64_t>(ends_);
    population_.append_texts(populations_);
    node_.append<std::uint64_t>(nodes_);
    ids_.clear();
    ends_.clear();
    populations_.clear();
    nodes_.clear();
  }

  h5::Group table_;
  h5::Dataset id_, times_, index_, population_, node_;
  std::uint64_t units_ = 0, spikes_ = 0, written_ = 0;
  std::vector<std::int64_t> ids_;
  std::vector<std::uint64_t> ends_, nodes_;
  std::vector<std::string> populations_;
  std::vector<double> seconds_;
};

// The file holds every spike of the run: a neuron without spikes is known to have none.
bool holds_all(const std::vector<StoredPopulation>& populations, const Session& session) {
  return std::all_of(populations.begin(), populations.end(), [&](const StoredPopulation& population) {
    const auto known = session.sizes.find(population.name);
    return known != session.sizes.end() && known->second.second == population.spikes.size();
  });
}

void write_units(Units& units, const std::vector<StoredPopulation>& populations, const Session& session,
                 bool with_silent, const fs::path& spikes_file, const fs::path& out) {
  for (const StoredPopulation& population : populations) {
    const std::string& name = population.name;
    const std::uint64_t size = with_silent ? session.sizes.at(name).first : 0;
    std::uint64_t next = 0;  // node of the unit after the last
    bool any = false;
    in_sorted_pieces(population.spikes, SpikeOrder::by_id, out, SpikeSorter::usual_rows,
                     [&](std::span<const Spike> spikes) {
                       while (!spikes.empty()) {
                         const std::uint64_t node = spikes.front().node;
                         if (with_silent && node >= size)
                           throw RecordingError({.file = spikes_file.string(),
                                                 .key = "/spikes/" + name + "/node_ids",
                                                 .value = std::to_string(node),
                                                 .problem = "is no neuron of the population in run.json",
                                                 .expected = fmt::format("0 to {}", size - 1)});
                         if (!any || node >= next) {
                           if (with_silent)
                             for (; next < node; ++next) units.add_unit(name, next);
                           units.add_unit(name, node);
                           next = node + 1;
                           any = true;
                         }
                         std::size_t count = 1;
                         while (count < spikes.size() && spikes[count].node == node) ++count;
                         units.add_spikes(spikes.first(count));
                         spikes = spikes.subspan(count);
                       }
                     });
    for (; next < size; ++next) units.add_unit(name, next);
  }
  units.finish();
}

}  // namespace

NwbSummary write_nwb(const fs::path& spikes, const fs::path& out, const NwbOptions& options) {
  return recording_step(out, [&] {
    const h5::File file = h5::File::open(spikes.string());
    const std::vector<StoredPopulation> populations = open_spikes(file);
    const Session session = read_session(spikes, options);
    NwbSummary summary;
    summary.with_silent = holds_all(populations, session);
    for (const StoredPopulation& population : populations) summary.spikes += population.spikes.size();
    write_durably(out, h5::File::Layout::sealed, [&](h5::File& to) {
      ObjectIds ids(session.identity);
      to.set_variable_text("nwb_version", nwb_version);
      const std::string id = ids.next();
      Units::describe_object(to, "core", "NWBFile", id);
      to.create_variable_text("identifier", id);
      to.create_variable_text("session_description", session.description);
      to.create_variable_text("session_start_time", session.start);
      to.create_variable_text("timestamps_reference_time", session.start);
      to.create_variable_texts("file_create_date", 1).append_texts(std::vector<std::string>{session.start});
      for (const char* group : {"acquisition", "analysis", "processing"}) to.create_group(group);
      h5::Group stimulus = to.create_group("stimulus");
      for (const char* group : {"presentation", "templates"}) stimulus.create_group(group);
      h5::Group general = to.create_group("general");
      general.create_variable_text("notes", session.notes);
      Units units(to.create_group("units"), ids, summary.spikes, session.dt);
      write_units(units, populations, session, summary.with_silent, spikes, out);
      summary.units = units.units();
    });
    return summary;
  });
}

}  // namespace rheo
