#include "io/sonata/network_writer.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "core/time.hpp"
#include "io/files/recording.hpp"
#include "io/h5/h5.hpp"
#include "io/record/edge_writer.hpp"
#include "io/text/json.hpp"
#include "networks/description/positions.hpp"
#include "networks/description/profiles.hpp"
#include "networks/description/selections.hpp"
#include "networks/description/values.hpp"
#include "networks/inputs/kinds.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_list = 64;  // numbers of an input that stand in the config itself

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) reject_recording(file, "cannot be written");
}

void write_json(const fs::path& file, const Json& content) {
  write_text(file, content.dump(2) + "\n");
}

// Calls make(first, count) -> values for every piece of a column.
template <class T, class Make>
void write_column(h5::Group& group, const std::string& name, std::uint64_t size, const Make& make) {
  h5::Dataset data = group.create_dataset<T>(name, size);
  for (std::uint64_t first = 0; first < size; first += h5::piece_values) {
    const std::vector<T> values = make(first, std::min(h5::piece_values, size - first));
    data.write<T>(first, values);
  }
}

template <class T>
void write_same(h5::Group& group, const std::string& name, std::uint64_t size, T value) {
  write_column<T>(group, name, size, [&](std::uint64_t, std::uint64_t count) { return std::vector<T>(count, value); });
}

void write_ascending(h5::Group& group, const std::string& name, std::uint64_t size) {
  write_column<std::uint64_t>(group, name, size, [](std::uint64_t first, std::uint64_t count) {
    std::vector<std::uint64_t> values(count);
    std::iota(values.begin(), values.end(), first);
    return values;
  });
}

// Trains of one SONATA population, by time and then by neuron.
void write_spikes(const fs::path& path, const std::string& population, const SpikeTrains& trains) {
  write_whole(path, [&](h5::File& file) {
    std::vector<std::uint32_t> node(trains.times.size());
    for (std::size_t n = 0; n + 1 < trains.begin.size(); ++n)
      std::fill(node.begin() + static_cast<std::ptrdiff_t>(trains.begin[n]),
                node.begin() + static_cast<std::ptrdiff_t>(trains.begin[n + 1]), static_cast<std::uint32_t>(n));
    std::vector<std::uint64_t> order(trains.times.size());
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    std::sort(order.begin(), order.end(), [&](std::uint64_t a, std::uint64_t b) {
      return std::pair(trains.times[a], node[a]) < std::pair(trains.times[b], node[b]);
    });
    h5::Group spikes = file.create_group("spikes");
    h5::Group group = spikes.create_group(population);
    static const std::array<h5::EnumMember, 3> sorting{{{"none", 0}, {"by_id", 1}, {"by_time", 2}}};
    group.set_enum("sorting", sorting, 2);
    const auto ordered = [&](const auto& values) {
      return [&](std::uint64_t first, std::uint64_t count) {
        std::vector<std::conditional_t<std::is_same_v<decltype(values[0]), const double&>, double, std::uint64_t>> part;
        for (std::uint64_t i = first; i < first + count; ++i) part.push_back(values[order[i]]);
        return part;
      };
    };
    write_column<double>(group, "timestamps", order.size(), ordered(trains.times));
    write_column<std::uint64_t>(group, "node_ids", order.size(), ordered(node));
    group.dataset("timestamps").set_text("units", "ms");
  });
}

// Models of NEST by their name there; izhikevich only in the scheme that NEST has.
bool nest_has(const PopulationSpec& population) {
  static const std::set<std::string> models{"iaf_psc_delta", "iaf_psc_alpha",  "iaf_psc_exp",
                                            "iaf_cond_exp",  "iaf_cond_alpha", "aeif_cond_exp"};
  if (population.model != "izhikevich") return models.contains(population.model) && population.options.empty();
  return population.options == std::map<std::string, std::string>{{"input", "delta"}, {"scheme", "euler"}};
}

class NetworkWriter {
 public:
  NetworkWriter(fs::path folder, const Experiment& experiment, Network& network)
      : folder_(std::move(folder)), experiment_(experiment), spec_(experiment.network), network_(network) {}

  void write() {
    for (const char* name : {"network", "components/point_neuron_models", "components/synaptic_models", "inputs"}) {
      std::error_code error;
      fs::create_directories(folder_ / name, error);
      if (error) reject_recording(folder_ / name, "the directory cannot be made (" + error.message() + ")");
    }
    Json nodes = Json::array(), edges = Json::array();
    for (std::size_t p = 0; p < spec_.populations.size(); ++p) nodes.push_back(write_population(p));
    std::set<std::string> taken;
    for (std::size_t k = 0; k < spec_.projections.size(); ++k)
      for (const EdgePopulation& population : edge_populations(network_, spec_, k, taken))
        edges.push_back(write_projection(k, population));
    for (const InputSpec& input : spec_.inputs) inputs_[unused_name(input.name)] = describe_input(input);
    write_json(folder_ / "circuit_config.json",
               {{"manifest", {{"$BASE_DIR", "${configdir}"}}},
                {"components",
                 {{"point_neuron_models_dir", "$BASE_DIR/components/point_neuron_models"},
                  {"synaptic_models_dir", "$BASE_DIR/components/synaptic_models"}}},
                {"networks", {{"nodes", nodes}, {"edges", edges}}}});
    write_simulation();
    write_json(folder_ / "config.json", {{"network", "circuit_config.json"}, {"simulation", "simulation_config.json"}});
  }

 private:
  // ---- nodes

  Json write_population(std::size_t index) {
    const PopulationSpec& population = spec_.populations[index];
    const std::string types = "network/" + population.name + "_node_types.csv";
    const std::string file = "network/" + population.name + "_nodes.h5";
    const bool is_virtual = population.model == "spike_source";
    Json common = Json::object();  // what all neurons share
    write_whole(folder_ / file, [&](h5::File& to) {
      h5::Group nodes = to.create_group("nodes");
      h5::Group group = nodes.create_group(population.name);
      write_same<std::uint32_t>(group, "node_type_id", population.size, 0);
      write_ascending(group, "node_id", population.size);
      write_same<std::uint32_t>(group, "node_group_id", population.size, 0);
      write_ascending(group, "node_group_index", population.size);
      h5::Group attributes = group.create_group("0");
      write_positions(population, attributes);
      if (is_virtual) return;
      h5::Group params = attributes.create_group("dynamics_params");
      write_params(population, params, common);
      write_states(index, params, common);
    });
    const std::string header = "node_type_id model_type model_template dynamics_params\n";
    if (is_virtual) {
      write_text(folder_ / types, header + "0 virtual NULL NULL\n");
      if (population.trains) {
        const std::string spikes = "inputs/" + population.name + "_spikes.h5";
        write_spikes(folder_ / spikes, population.name, *population.trains);
        inputs_[unused_name(population.name)] = {{"input_type", "spikes"},
                                                 {"module", "sonata"},
                                                 {"input_file", "$BASE_DIR/" + spikes},
                                                 {"node_set", {{"population", population.name}}}};
      }
    } else {
      const std::string parameters = population.name + ".json";
      write_text(folder_ / types, header + "0 point_neuron " + (nest_has(population) ? "nest:" : "rheo:") +
                                      population.model + " \"" + parameters + "\"\n");
      write_json(folder_ / "components/point_neuron_models" / parameters, common);
    }
    return {{"nodes_file", "$BASE_DIR/" + file}, {"node_types_file", "$BASE_DIR/" + types}};
  }

  void write_positions(const PopulationSpec& population, h5::Group& group) const {
    const Places places(population, spec_.seed);
    const char* const names[] = {"x", "y", "z"};
    for (std::uint32_t d = 0; d < space_of(population.positions).dimensions; ++d)
      write_column<double>(group, names[d], population.size, [&](std::uint64_t first, std::uint64_t count) {
        std::vector<double> values;
        for (std::uint64_t i = first; i < first + count; ++i)
          values.push_back(places.at(static_cast<std::uint32_t>(i))[d]);
        return values;
      });
  }

  // All parameters, so that nobody's defaults matter.
  void write_params(const PopulationSpec& population, h5::Group& group, Json& common) const {
    const ModelInfo& model = *find_neuron_model(population.model);
    if (!nest_has(population))
      for (const OptionInfo& option : model.options) {
        const auto given = population.options.find(option.name);
        common[option.name] = given == population.options.end() ? option.choices.front() : given->second;
      }
    for (const FieldInfo& field : model.params) {
      const auto given = population.params.find(field.name);
      if (given == population.params.end()) {
        common[field.name] = field.initial;
        continue;
      }
      const std::vector<double> values =
          per_item(given->second, population.size, field_key(spec_.seed, population.name, "params", field.name));
      if (values.size() == 1)
        common[field.name] = values[0];
      else
        write_column<double>(group, field.name, population.size, [&](std::uint64_t first, std::uint64_t count) {
          const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
          return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(count));
        });
    }
  }

  // The states as they are before the first tick. Those of NEST's models that start at 0 there are not named: not all
  // of them are known to NEST.
  void write_states(std::size_t index, h5::Group& group, Json& common) {
    const PopulationSpec& population = spec_.populations[index];
    for (const FieldInfo& field : find_neuron_model(population.model)->columns) {
      const PopulationBlock& block = network_.simulation().population(index);
      const auto column = block.find_column(field.name);
      if (!column) continue;
      std::vector<std::uint32_t> all(population.size);
      std::iota(all.begin(), all.end(), 0u);
      std::vector<double> values(population.size);
      block.read(*column, network_.simulation().now(), all, values.data());
      const bool may_be_left_out = nest_has(population) && field.name != "V_m" && field.initial == 0;
      // In double precision whatever the simulation is in: membranes are kept relative to their rest, and a float of
      // V_m would not give the same state again.
      write_state(group, common, field.name, values, may_be_left_out);
    }
  }

  static void write_state(h5::Group& group, Json& common, const std::string& name, const std::vector<double>& values,
                          bool may_be_left_out) {
    if (std::all_of(values.begin(), values.end(), [&](double value) { return value == values[0]; })) {
      if (values[0] != 0 || !may_be_left_out) common[name] = values[0];
      return;
    }
    write_column<double>(group, name, values.size(), [&](std::uint64_t first, std::uint64_t count) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
      return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(count));
    });
  }

  // ---- edges

  Json write_projection(std::size_t index, const EdgePopulation& population) const {
    const ProjectionSpec& projection = spec_.projections[index];
    const std::string file = "network/" + population.name + "_edges.h5";
    const std::string types = "network/" + population.name + "_edge_types.csv";
    write_whole(folder_ / file, [&](h5::File& to) {
      h5::Group edges = to.create_group("edges");
      write_edges(edges, network_, spec_, index, population);
    });
    std::string header = "edge_type_id model_template", row = "0 static_synapse";
    if (!projection.port.empty()) {
      header += " rheo:port";
      row += " " + projection.port;
    }
    write_text(folder_ / types, header + "\n" + row + "\n");
    return {{"edges_file", "$BASE_DIR/" + file}, {"edge_types_file", "$BASE_DIR/" + types}};
  }

  // ---- inputs: as in an experiment file, so that they are read by the same rules

  std::string unused_name(const std::string& name) const {
    std::string unique = name;
    while (inputs_.contains(unique)) unique += "_";
    return unique;
  }

  Json describe_input(const InputSpec& input) {
    Json all{{"input_type", "spikes"}, {"module", ""}};
    std::optional<h5::File> numbers;
    const auto put = [&](const std::string& key, const Value& value) {
      const auto* list = std::get_if<std::vector<double>>(&value);
      if (list == nullptr || list->size() <= longest_list) {
        all[key] = describe_value(value);
        return;
      }
      if (!numbers) numbers = h5::File::create((folder_ / "inputs" / (input.name + ".h5")).string());
      numbers->create_dataset<double>(key, list->size()).write<double>(0, *list);
      all[key] = {{"file", "inputs/" + input.name + ".h5"}, {"dataset", "/" + key}};
    };
    all["target"] = Json::array();
    for (const Selection& target : input.target) all["target"].push_back(text_of(target));
    const InputKind& kind = *input.kind;
    if (kind.weight() == nullptr) all["input_type"] = "current_clamp";
    all["module"] = "rheo:" + std::string(kind.name());
    if (!kind.signal().empty())
      reject("inputs." + input.name + ".signal", '"' + kind.signal() + '"', "cannot be exported", "no signal");
    const auto initial = std::ranges::find(input_kinds(), kind.name(), [](const auto& one) { return one->name(); });
    const std::unique_ptr<InputKind> same = kind.clone(), untouched = (*initial)->clone();
    const std::vector<KindField> fields = same->fields(), defaults = untouched->fields();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const KindField& field = fields[i];
      if (const auto* const trains = std::get_if<std::shared_ptr<const SpikeTrains>*>(&field.member)) {
        if (**trains) describe_trains(input.name, ***trains, all);
      } else if (const auto* const value = std::get_if<Value*>(&field.member)) {
        put(field.name, **value);
      } else if (field.needed || value_text(field) != value_text(defaults[i])) {
        all[field.name] = describe_member(field);
      }
    }
    if (input.start != 0) all["start"] = input.start;
    if (input.stop) all["stop"] = *input.stop;
    if (numbers) numbers->close();
    return all;
  }

  static Json describe_value(const Value& value) {
    if (const auto* constant = std::get_if<double>(&value)) return *constant;
    if (const auto* list = std::get_if<std::vector<double>>(&value)) return *list;
    const auto& d = std::get<Distribution>(value);
    Json all = Json::object();
    AnyDistribution kind = d.kind;
    std::vector<double> numbers;
    for (const KindField& field : fields_of(kind))
      if (const auto* const list = std::get_if<std::vector<double>*>(&field.member))
        all[name_of(kind)] = **list;
      else
        numbers.push_back(*std::get<double*>(field.member));
    if (!numbers.empty()) all[name_of(kind)] = numbers.size() == 1 ? Json(numbers.front()) : Json(numbers);
    if (d.min) all["min"] = *d.min;
    if (d.max) all["max"] = *d.max;
    return all;
  }

  // Of a field that is neither a value nor trains.
  static Json describe_member(const KindField& field) {
    if (const auto* const list = std::get_if<std::vector<double>*>(&field.member)) return **list;
    if (const auto* const x = std::get_if<double*>(&field.member)) return **x;
    if (const auto* const x = std::get_if<std::optional<double>*>(&field.member)) return or_null(**x);
    if (const auto* const n = std::get_if<std::uint32_t*>(&field.member)) return **n;
    if (const auto* const n = std::get_if<std::optional<std::uint32_t>*>(&field.member)) return or_null(**n);
    if (const auto* const flag = std::get_if<bool*>(&field.member)) return **flag;
    if (const auto* const profile = std::get_if<Profile*>(&field.member)) {
      Json all = Json::object();
      for (const KindField& one : fields_of_profile(**profile)) all[one.name] = describe_member(one);
      if (all.value("period", 1.0) == 0) all.erase("period");
      return all;
    }
    return value_text(field);
  }

  void describe_trains(const std::string& name, const SpikeTrains& trains, Json& all) const {
    if (trains.begin.size() == 2) {  // one train, perhaps for all
      all["times"] = trains.times;
      return;
    }
    const std::string file = "inputs/" + name + ".trains.h5";
    write_spikes(folder_ / file, name, trains);
    all["file"] = file;
    all["population"] = name;
  }

  // ---- the simulation

  void write_simulation() {
    Json sets = Json::object(), reports = Json::object();
    const double dt = spec_.dt;
    const TickLength length = TickLength::of(dt);
    for (const RecordStates& record : experiment_.reports) {
      Json cells = Json::array();
      for (const Selection& selection : record.cells) {
        const std::string set = text_of(selection);
        cells.push_back(set);
        if (set != selection.population) sets[set] = node_set(selection);
      }
      for (std::size_t i = 0; i < record.variables.size(); ++i)
        reports[record.variables.size() == 1 ? record.name : record.name + "_" + record.variables[i]] = {
            {"module", "membrane_report"},
            {"variable_name", record.variables[i]},
            {"cells", cells.size() == 1 ? cells[0] : cells},
            {"dt", length.ms(record.times.every)},
            {"start_time", length.ms(record.times.first)},
            {"end_time", length.ms(std::min(record.times.end, experiment_.end()))},
            {"file_name", record.files[i]}};
    }
    write_json(folder_ / "node_sets.json", sets);
    Json config{
        {"manifest", {{"$BASE_DIR", "${configdir}"}}},
        {"run",
         {{"tstop", experiment_.duration},
          {"dt", dt},
          {"random_seed", spec_.seed},
          {"rheo:precision", spec_.precision == Precision::single_ ? "single" : "double"}}},
        {"node_sets_file", "$BASE_DIR/node_sets.json"},
        {"inputs", inputs_},
        {"output", {{"output_dir", "$BASE_DIR/output"}, {"spikes_file", "spikes.h5"}, {"spikes_sort_order", "time"}}}};
    if (!reports.empty()) config["reports"] = reports;
    write_json(folder_ / "simulation_config.json", config);
  }

  Json node_set(const Selection& selection) const {
    const auto population = std::find_if(spec_.populations.begin(), spec_.populations.end(),
                                         [&](const PopulationSpec& p) { return p.name == selection.population; });
    Json ids = Json::array();
    for (std::uint64_t i = selection.begin; i < selection.end.value_or(population->size); i += selection.step)
      ids.push_back(i);
    return {{"population", selection.population}, {"node_id", ids}};
  }

  fs::path folder_;
  const Experiment& experiment_;
  const NetworkSpec& spec_;
  Network& network_;
  Json inputs_ = Json::object();
};

}  // namespace

void write_network(const fs::path& folder, const Experiment& experiment, Network& network) {
  recording_step(folder, [&] { NetworkWriter(folder, experiment, network).write(); });
}

}  // namespace rheo
