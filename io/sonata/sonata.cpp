#include "io/sonata/sonata.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "io/experiment/network.hpp"
#include "io/h5/h5.hpp"
#include "io/sonata/config.hpp"
#include "io/sonata/parts.hpp"
#include "io/text/trimmed.hpp"

namespace rheo::sonata {

void note_unused(const Item& item, std::initializer_list<std::string_view> known, Unused& unused) {
  for (const auto& [name, member] : item.members())
    if (std::ranges::find(known, name) == known.end()) unused.push_back(member.key());
}

namespace {

struct Overrides {
  std::optional<double> duration, dt;
  std::optional<std::uint64_t> seed;
  std::optional<Precision> precision;
  std::optional<std::uint32_t> lanes;
};

Overrides parse_overrides(const std::vector<std::string>& texts) {
  const std::vector<std::string> known{"simulation.duration", "simulation.dt", "simulation.seed",
                                       "simulation.precision", "simulation.lanes"};
  const std::string place = "--set";
  Overrides result;
  for (const std::string& text : texts) {
    const std::size_t equal = text.find('=');
    if (equal == std::string::npos) fail(place, {}, "\"" + text + "\"", "has no =", "key=value");
    const auto unquoted = [](std::string_view part) {
      part = trimmed(part);
      if (part.size() >= 2 && part.front() == '"' && part.back() == '"') part = part.substr(1, part.size() - 2);
      return std::string(part);
    };
    const std::string key = unquoted(text.substr(0, equal)), value = unquoted(text.substr(equal + 1));
    const auto number = [&](auto& to, const char* expected) {
      to = parse_number<typename std::remove_reference_t<decltype(to)>::value_type>(value);
      if (!to) fail(place, key, value, "must be " + std::string(expected));
    };
    if (key == "simulation.duration") {
      number(result.duration, "a number (ms)");
    } else if (key == "simulation.dt") {
      number(result.dt, "a number (ms)");
    } else if (key == "simulation.seed") {
      number(result.seed, "a whole number");
    } else if (key == "simulation.lanes") {
      number(result.lanes, "a whole number from 1 to 65536");
      if (*result.lanes < 1 || *result.lanes > 65536) fail(place, key, value, "out of range", "1 to 65536");
    } else if (key == "simulation.precision") {
      if (value != "single" && value != "double") fail(place, key, value, "unknown precision", "single or double");
      result.precision = value == "single" ? Precision::single_ : Precision::double_;
    } else {
      fail(place, key, {}, "cannot be set for a SONATA network", "one of " + joined(known), nearest(key, known));
    }
  }
  return result;
}

// The time of a run, and where it was given.
struct Quantity {
  double value;
  std::string file, key;
};

class RunReader {
 public:
  RunReader(const Config& config, const Overrides& overrides, Experiment& experiment)
      : config_(config),
        overrides_(overrides),
        experiment_(experiment),
        run_(config.simulation ? config.simulation->find("run") : std::nullopt) {}

  void read(Unused& unused) {
    NetworkSpec& network = experiment_.network;
    network.lanes = overrides_.lanes.value_or(0);
    if (run_) note_unused(*run_, {"tstop", "dt", "random_seed", "tstart", "rheo:precision"}, unused);
    if (const auto start = find("tstart"); start && start->number() != 0) start->fail("a run starts at 0", "0");
    network.precision = Precision::double_;
    if (const auto precision = find("rheo:precision")) {
      const std::string text = precision->text();
      if (text != "single" && text != "double") precision->fail("unknown precision", "single or double");
      if (text == "single") network.precision = Precision::single_;
    }
    if (overrides_.precision) network.precision = *overrides_.precision;
    read_times();
    if (overrides_.seed)
      network.seed = *overrides_.seed;
    else if (const auto seed = find("random_seed"))
      network.seed = seed->count();
  }

 private:
  std::optional<Item> find(const char* name) const { return run_ ? run_->find(name) : std::nullopt; }

  Quantity quantity(const char* name, const char* set_name, std::optional<double> set,
                    std::optional<double> fallback) const {
    const std::string key = "simulation." + std::string(set_name);
    Quantity result;
    if (set) {
      result = {*set, "--set", key};
    } else if (const auto item = find(name)) {
      result = {item->number(), item->file(), item->key()};
    } else if (fallback) {
      return {*fallback, config_.all.front().file(), key};
    } else {
      const Item& where = config_.simulation ? *config_.simulation : config_.all.front();
      fail(where.file(), "run." + std::string(name), {}, "missing", "how long to simulate (ms)");
    }
    experiment_.places[key] = result.file;
    if (!(result.value > 0) || !std::isfinite(result.value))
      fail(result.file, result.key, as_text(result.value), "must be positive", "a number > 0 (ms)");
    return result;
  }

  void read_times() {
    const Quantity dt = quantity("dt", "dt", overrides_.dt, 0.1);
    if (dt.value < 1e-6 || dt.value > 1000)
      fail(dt.file, dt.key, as_text(dt.value), "out of range", "a number from 1e-6 to 1000 (ms)");
    const Quantity stop = quantity("tstop", "duration", overrides_.duration, std::nullopt);
    const double ticks = stop.value / dt.value;
    constexpr double max_ticks = 9007199254740992.0;  // whole numbers that a double counts without gaps
    if (ticks > max_ticks) fail(stop.file, stop.key, as_text(stop.value), "too long", "at most 2^53 ticks of dt");
    if (std::round(ticks) < 1) {
      fail(stop.file, stop.key, as_text(stop.value), "shorter than one tick",
           "at least " + as_text(dt.value) + " (ms)");
    }
    experiment_.ticks = static_cast<Tick>(std::round(ticks));
    experiment_.network.dt = dt.value;
    experiment_.duration = static_cast<double>(experiment_.ticks) * experiment_.network.dt;
    if (std::abs(experiment_.duration - stop.value) > 1e-9 * stop.value) {
      experiment_.warnings.push_back(stop.file + ": " + stop.key + " = " + as_text(stop.value) + " ms is rounded to " +
                                     std::to_string(experiment_.ticks) + " ticks of " + as_text(dt.value) + " ms.");
    }
  }

  const Config& config_;
  const Overrides& overrides_;
  Experiment& experiment_;
  std::optional<Item> run_;
};

void read_rest(const Config& config, Experiment& experiment, Unused& unused) {
  for (const Item& item : config.all) {
    note_unused(item,
                {"manifest", "components", "networks", "network", "simulation", "target_simulator", "run", "conditions",
                 "node_sets_file", "node_sets", "inputs", "output", "reports", "version", "metadata"},
                unused);
  }
  if (!config.simulation) return;
  if (const auto conditions = config.simulation->find("conditions")) {
    note_unused(*conditions, {"v_init"}, unused);
    if (const auto v_init = conditions->find("v_init")) {
      experiment.warnings.push_back(v_init->file() +
                                    ": conditions.v_init is not used; potentials start at the defaults of "
                                    "NEST (iaf models: -70 mV) unless dynamics_params sets V_m.");
    }
  }
  if (const auto output = config.simulation->find("output")) {
    note_unused(*output, {"output_dir", "spikes_file", "spikes_sort_order"}, unused);
    if (const auto folder = output->find("output_dir")) experiment.output_directory = folder->path().string();
    if (const auto file = output->find("spikes_file"); file && file->path().filename() != "spikes.h5") {
      experiment.warnings.push_back(file->file() + ": the spikes are written to spikes.h5, not to " + file->text() +
                                    ".");
    }
    if (const auto order = output->find("spikes_sort_order")) {
      const std::string text = order->text();
      if (text != "time" && text != "by_time" && text != "none")
        experiment.warnings.push_back(order->file() + ": spikes are sorted by time, not " + text + ".");
    }
  }
}

}  // namespace
}  // namespace rheo::sonata

namespace rheo {

Experiment read_sonata_config(const std::filesystem::path& path, const std::vector<std::string>& override_texts) {
  using namespace sonata;
  try {
    Experiment experiment;
    experiment.path = path.string();
    experiment.overrides = override_texts;
    const Overrides overrides = parse_overrides(override_texts);
    const Config config = load_config(path, experiment);
    Unused unused;
    if (config.simulation) experiment.places["simulation"] = config.simulation->file();
    RunReader(config, overrides, experiment).read(unused);
    const NodePopulations populations = read_nodes(config, experiment);
    read_edges(config, populations, experiment);
    read_inputs(config, populations, experiment, unused);
    read_rest(config, experiment, unused);
    read_reports(config, populations, experiment, unused);
    if (!unused.empty()) experiment.warnings.push_back(experiment.path + ": not used: " + joined(unused) + ".");
    for (const PopulationSpec& population : experiment.network.populations) {
      if (!populations.at(population.name).is_virtual) {
        experiment.record.populations.push_back(
            {.population = population.name, .begin = 0, .end = std::nullopt, .step = 1});
      }
    }
    experiment.record.present = !experiment.record.populations.empty();
    check_network(experiment);
    return experiment;
  } catch (const BuildError& error) {
    throw ExperimentError(error.complaint());
  } catch (const h5::Error& error) {
    throw ExperimentError(error.complaint());
  } catch (const json::exception&) {
    fail(path.string(), {}, {}, "not a SONATA config");
  }
}

}  // namespace rheo
