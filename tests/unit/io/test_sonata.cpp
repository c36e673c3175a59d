// SONATA in: small networks written here, the same ones broken in one place each, and two real ones.
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <numeric>

#include "io/h5/h5.hpp"
#include "io/sonata/sonata.hpp"
#include "networks/connect/rules.hpp"
#include "tests/unit/io/sonata_folder.hpp"

namespace test_sonata {

using namespace rheo;
using namespace sonata_test;

TEST_CASE("a small SONATA network is read completely", "[sonata]") {
  const Folder folder;
  const Experiment experiment = folder.read();
  const NetworkSpec& network = experiment.network;

  CHECK(experiment.ticks == 200);
  CHECK(experiment.duration == 20.0);
  CHECK(network.dt == 0.1);
  CHECK(network.seed == 7);
  CHECK(network.precision == Precision::double_);
  CHECK(fs::path(experiment.output_directory) == folder / "results");
  CHECK(experiment.files.size() == 16);
  CHECK(experiment.files.front() == (folder / "config.json").string());

  SECTION("nodes: order by id, types, per-node values, defaults") {
    REQUIRE(network.populations.size() == 2);
    const PopulationSpec& cells = network.populations[0];
    CHECK(cells.name == "cells");
    CHECK(cells.model == "iaf_psc_alpha");
    CHECK(cells.size == 3);
    CHECK(cells.options.empty());
    // Rows are nodes 2, 0, 1.
    CHECK(list(cells.params.at("tau_m")) == std::vector<double>{10, 10, 33});    // the group is stronger than the type
    CHECK(list(cells.params.at("V_th")) == std::vector<double>{-50, -50, -55});  // the model's own default
    CHECK(list(cells.params.at("E_L")) == std::vector<double>{-65.5, -66.5, -70});
    CHECK(number(cells.params.at("C_m")) == 200.0);
    CHECK(cells.params.size() == 4);
    CHECK(list(cells.initial.at("V_m")) == std::vector<double>{-70, -70, -68});  // NEST's, whatever E_L is
    CHECK(cells.initial.size() == 1);
    CHECK(network.populations[1].model == "spike_source");
    CHECK(network.populations[1].size == 2);
    REQUIRE(experiment.record.present);
    REQUIRE(experiment.record.populations.size() == 1);
    CHECK(experiment.record.populations[0].population == "cells");
  }
  SECTION("edges: groups, CSV, defaults, nsyns") {
    REQUIRE(network.projections.size() == 2);
    const ProjectionSpec& recurrent = network.projections[0];
    CHECK(recurrent.name == "cells_to_cells");
    REQUIRE(recurrent.connect.as<List>());
    CHECK(recurrent.source.at(0).population == "cells");
    CHECK(recurrent.port.empty());
    CHECK(recurrent.connect.as<List>()->edges->source == std::vector<std::uint32_t>{0, 1, 2, 2});
    CHECK(recurrent.connect.as<List>()->edges->target == std::vector<std::uint32_t>{1, 2, 0, 0});
    CHECK(list(recurrent.weight) == std::vector<double>{3.5, 4.5, 3.5, -2.5});
    CHECK(list(recurrent.delay) == std::vector<double>{0.5, 1.0, 1.5, 1.0});
    const ProjectionSpec& feed = network.projections[1];
    CHECK(feed.name == "inputs_to_cells");
    CHECK(number(feed.weight) == 40.0);
    CHECK(number(feed.delay) == 1.0);  // neither CSV nor HDF5 have one
  }
  SECTION("inputs: by node, without what is too early or too late") {
    const SpikeTrains& trains = *network.populations[1].trains;
    CHECK(trains.begin == std::vector<std::uint64_t>{0, 1, 3});
    CHECK(trains.times == std::vector<double>{20.0, 5.0, 1.25});
    REQUIRE(experiment.warnings.size() == 1);
    CHECK_THAT(
        experiment.warnings[0],
        Catch::EndsWith("spikes.h5: 1 of 5 spikes at time 0 are left out, 1 of 5 spikes after the end are left out."));
    REQUIRE(experiment.spike_times.size() == 1);
    CHECK(experiment.spike_times[0].at_zero == 1);
    CHECK(experiment.spike_times[0].after_end == 1);
    // Without the key the same as in an experiment file.
    const auto with = [&](const std::string& key) {
      const Folder other;
      other.edit("simulation.json", "\"rheo:at_zero\": \"drop\",", key);
      return other.read("config.json").network.populations[1].trains->times;
    };
    CHECK_THAT(complaint_of([&] { with(""); }),
               Catch::Contains("spikes.h5: /spikes/timestamps[2] = 0: not a time of the simulation; expected times "
                               "> 0 (ms), or a key that says where time 0 belongs"));
    CHECK(with("\"rheo:at_zero\": \"first_tick\",") == std::vector<double>{0.1, 20.0, 5.0, 1.25});
    CHECK(with("\"rheo:offset\": 0.5,") == std::vector<double>{0.5, 5.5, 1.75});
  }
}

TEST_CASE("SONATA: the file that is named decides what is read", "[sonata]") {
  const Folder folder;
  SECTION("a simulation config that names its network") {
    folder.edit("simulation.json", "\"run\"", "\"network\": \"circuit.json\", \"run\"");
    CHECK(folder.read("simulation.json").network.projections.size() == 2);
    CHECK(folder.read("config.json").network.projections.size() == 2);
  }
  SECTION("a circuit alone needs a duration") {
    const Experiment experiment = folder.read("circuit.json", {"simulation.duration=3"});
    CHECK(experiment.ticks == 30);
    CHECK(experiment.network.populations[1].trains->times.empty());
    CHECK_THAT(experiment.warnings.at(0), Catch::Contains("inputs is virtual and has no input"));
    CHECK_THAT(complaint_of([&] { folder.read("circuit.json"); }), Catch::Contains("run.tstop: missing"));
  }
  SECTION("overrides") {
    const Experiment experiment =
        folder.read("config.json", {"simulation.duration=4", "simulation.dt=0.5", "simulation.seed = 9",
                                    "simulation.precision=\"single\"", "simulation.lanes=3"});
    CHECK(experiment.ticks == 8);
    CHECK(experiment.network.dt == 0.5);
    CHECK(experiment.network.seed == 9);
    CHECK(experiment.network.precision == Precision::single_);
    CHECK(experiment.network.lanes == 3);
    CHECK(experiment.overrides.size() == 5);
    CHECK(experiment.network.populations[1].trains->times == std::vector<double>{1.25});
    for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
             {"simulation.duration", "has no ="},
             {"simulation.duration=soon", "simulation.duration = soon: must be a number"},
             {"simulation.duration=-1", "must be positive"},
             {"simulation.dt=0", "must be positive"},
             {"simulation.durations=3", "did you mean \"simulation.duration\""},
             {"simulation.precision=half", "unknown precision"},
             {"simulation.lanes=0", "out of range"},
             {"populations.cells.size=3", "cannot be set for a SONATA network"}}) {
      CHECK_THAT(complaint_of([&, text = text] { folder.read("config.json", {text}); }), Catch::Contains(message));
    }
  }
  SECTION("what is not used is said") {
    folder.edit(
        "simulation.json", "\"output\"",
        R"("conditions": {"celsius": 34, "v_init": -80}, "reports": {"off": {"enabled": false}}, "fancy": 1, "output")");
    folder.edit("simulation.json", "\"time\"", "\"by_id\"");
    const auto warnings = folder.read().warnings;
    const std::string all = std::accumulate(warnings.begin(), warnings.end(), std::string(),
                                            [](const auto& a, const auto& b) { return a + b + "\n"; });
    CHECK_THAT(all, Catch::Contains("conditions.v_init is not used"));
    CHECK_THAT(all, Catch::Contains("sorted by time, not by_id"));
    CHECK_THAT(all, Catch::Contains("not used: conditions.celsius, fancy") ||
                        Catch::Contains("not used: fancy, conditions.celsius"));
    CHECK_THAT(all, !Catch::Contains("off"));
  }
}

TEST_CASE("SONATA: nodes without ids and groups, and other models", "[sonata]") {
  const Folder folder;
  folder.hdf5("net/cells.h5", [](h5::Group& root) {
    auto group = Folder::below(root, "nodes", "cells");
    put<std::int64_t>(group, "node_type_id", {100, 101, 100});
    auto zero = group.create_group("0");
    put<std::int16_t>(zero, "I_e", {1, 2, 3});
  });
  SECTION("implicit rows") {
    const PopulationSpec cells = folder.read().network.populations[0];
    CHECK(list(cells.params.at("tau_m")) == std::vector<double>{10, 20, 10});
    CHECK(list(cells.params.at("I_e")) == std::vector<double>{1, 2, 3});
    CHECK(number(cells.initial.at("V_m")) == -70.0);
  }
  SECTION("izhikevich starts as in NEST") {
    folder.text("net/cells.csv",
                "node_type_id model_type model_template dynamics_params\n"
                "100 point_neuron nest:izhikevich i.json\n101 point_neuron nest:izhikevich NULL\n");
    folder.text("parts/i.json", R"({"a": 0.1, "U_m": -14.0})");
    const PopulationSpec cells = folder.read().network.populations[0];
    CHECK(cells.model == "izhikevich");
    CHECK(cells.options == std::map<std::string, std::string>{{"scheme", "euler"}, {"input", "delta"}});
    CHECK(list(cells.params.at("a")) == std::vector<double>{0.1, 0.02, 0.1});
    CHECK(list(cells.initial.at("U_m")) == std::vector<double>{-14, 0, -14});
    CHECK(number(cells.initial.at("V_m")) == -65.0);
  }
}

TEST_CASE("SONATA: node sets choose among the spikes of a file", "[sonata]") {
  const Folder folder;
  const auto times = [&] { return folder.read().network.populations[1].trains->times; };
  SECTION("some ids") {
    folder.text("sets.json", R"({"driven": {"population": "inputs", "node_id": [1]}})");
    CHECK(times() == std::vector<double>{5.0, 1.25});
  }
  SECTION("sets of sets") {
    folder.text("sets.json", R"({"driven": ["a", "b"], "a": {"population": "inputs", "node_id": 0},
                                 "b": {"population": ["inputs"], "node_id": [1]}})");
    CHECK(times() == std::vector<double>{20.0, 5.0, 1.25});
  }
  SECTION("the name of a population, or the definition in place") {
    folder.edit("simulation.json", "\"driven\"", "\"inputs\"");
    CHECK(times().size() == 3);
    folder.edit("simulation.json", "\"inputs\"}", "{\"population\": \"inputs\", \"node_id\": [0]}}");
    CHECK(times() == std::vector<double>{20.0});
  }
  SECTION("sets in a circle") {
    folder.text("sets.json", R"({"driven": ["other"], "other": ["driven", "driven"]})");
    CHECK_THAT(complaint_of([&] { folder.read(); }), Catch::Contains("in a circle"));
  }
}

TEST_CASE("SONATA: every mistake is named with its place", "[sonata]") {
  struct Mistake {
    std::function<void(const Folder&)> make;
    std::vector<std::string> says;
  };
  const auto edit = [](std::string name, std::string from, std::string to) {
    return [name, from, to](const Folder& folder) { folder.edit(name, from, to); };
  };
  const auto text = [](std::string name, std::string content) {
    return [name, content](const Folder& folder) { folder.text(name, content); };
  };
  const auto hdf5 = [](std::string name, std::function<void(h5::Group&)> fill) {
    return [name, fill](const Folder& folder) { folder.hdf5(name, fill); };
  };
  const std::vector<Mistake> mistakes{
      // JSON
      {text("config.json", "{\n\"network\": }"), {"config.json:2", "not valid JSON"}},
      {text("config.json", "[1, 2]"), {"config.json", "must be an object"}},
      {text("config.json", "{}"), {"network", "missing"}},
      {text("config.json", "\"circuit.json\""), {"must be an object"}},
      {text("config.json", std::string(100, '[')), {"nested too deeply"}},
      {text("config.json", R"({"network": 3})"), {"network = 3", "must be a text"}},
      {text("config.json", R"({"network": "no.json"})"), {"network = ", "no.json", "no such file"}},
      {text("config.json", R"({"network": "."})"), {"not a file"}},
      {text("config.json", R"({"network": "a.json", "network": "b.json"})"), {"network: given twice"}},
      {text("circuit.json", "{}"), {"circuit.json", "networks: missing"}},
      {edit("circuit.json", "\"$BASE/net\"", "\"$BSE/net\""), {"unknown manifest variable $BSE", "\"BASE\""}},
      {edit("circuit.json", "\"${configdir}\"", "\"$NET\""), {"in a circle"}},
      {edit("circuit.json", "\"$BASE\":", "\"BASE\":"), {"begins with $"}},
      {edit("circuit.json", "\"enabled\": true", "\"enabled\": \"yes\""),
       {"edges[0].enabled = \"yes\"", "true or false"}},
      {edit("circuit.json", "\"enabled\": false", "\"enabled\": true"), {"absent.csv", "no such file"}},
      {edit("simulation.json", "20.0", "\"20\""), {"run.tstop = \"20\"", "must be a number"}},
      {edit("simulation.json", "20.0", "1e999"), {"simulation.json", "not valid JSON"}},
      {edit("simulation.json", "20.0", "0.01"), {"run.tstop = 0.01", "shorter than one tick"}},
      {edit("simulation.json", "\"random_seed\": 7", "\"random_seed\": -7"), {"run.random_seed = -7", "whole number"}},
      {edit("simulation.json", "\"run\": {", "\"run\": [{"), {"not valid JSON"}},
      {edit("simulation.json", "\"spikes\"", "\"voltage_clamp\""),
       {"inputs.drive.input_type", "voltage_clamp", "not available"}},
      {edit("simulation.json", "\"h5\"", "\"csv\""), {"inputs.drive.module = \"csv\"", "not available"}},
      {edit("simulation.json", "\"driven\"", "\"drivn\""), {"no such node set or population", "\"driven\""}},
      {edit("simulation.json", "\"driven\"", "\"cells\""), {"virtual nodes"}},
      {edit("simulation.json", "\"spikes.h5\", \"node_set\"", "\"spike.h5\", \"node_set\""),
       {"input_file", "no such file"}},
      {text("sets.json", R"({"driven": {"population": "inputs", "node_id": [2]}})"), {"node_id = 2", "0 to 1"}},
      {text("sets.json", R"({"driven": {"population": "inputs", "node_id": ["a"]}})"), {"node_id[0]", "whole number"}},
      {text("sets.json", R"({"driven": {"ei": "e"}})"), {"driven.ei", "no node has such an attribute"}},
      {text("sets.json", R"({"driven": 3})"), {"driven = 3", "must be an object"}},
      // CSV and parameter files
      {text("net/cells.csv", ""), {"cells.csv", "empty"}},
      {text("net/cells.csv", "node_type_id,model_type\n1,2\n"), {"cells.csv:1", "missing column", "blanks"}},
      {edit("net/cells.csv", "\"first one\"", "first one"), {"cells.csv:2", "has 6 values"}},
      {edit("net/cells.csv", "one\"", "one"), {"cells.csv:2", "without its end"}},
      {edit("net/cells.csv", "101 ", "100 "), {"cells.csv:3", "node_type_id = 100", "given twice"}},
      {edit("net/cells.csv", "101 ", "x "), {"cells.csv:3", "node_type_id = x", "whole number"}},
      {edit("net/cells.csv", "101 point_process", "101 biophysical"),
       {"cells.csv:3", "biophysical", "only point neurons"}},
      {edit("net/cells.csv", "nest:iaf_psc_alpha", "nest:iaf_psc_alpa"),
       {"nest:iaf_psc_alpa", "not available", "\"nest:iaf_psc_alpha\""}},
      {edit("net/cells.csv", "nest:iaf_psc_alpha", "nrn:IntFire1"), {"neither a model of NEST nor of rheo"}},
      {edit("net/cells.csv", "nest:iaf_psc_alpha", "nest:izhikevich"),
       {"parts/a.json", "tau_m = 10", "unknown parameter of izhikevich"}},
      {edit("net/cells.csv", "nest:iaf_psc_alpha a.json", "nest:izhikevich NULL"),
       {"/nodes/cells/node_type_id[1]", "a population with several models"}},
      {edit("net/cells.csv", "a.json", "no.json"), {"cells.csv:2", "dynamics_params", "no.json", "no such file"}},
      {text("parts/a.json", R"({"tau_n": 10})"), {"parts/a.json", "tau_n", "unknown parameter", "\"tau_m\""}},
      {text("parts/a.json", R"({"tau_m": "10"})"), {"tau_m = \"10\"", "must be a number"}},
      {text("parts/a.json", R"({"tau_m": 0})"), {"parts/a.json: tau_m = 0", "out of range"}},
      {text("parts/a.json", "[]"), {"parts/a.json", "must be an object"}},
      {text("parts/static.json", R"({"U": 0.5})"), {"static.json", "U = 0.5", "not available"}},
      {edit("net/cc.csv", "static_synapse static.json", "tsodyks_synapse static.json"),
       {"cc.csv:2", "tsodyks_synapse"}},
      {edit("net/cc.csv", "2.0", "-2.0"), {"cc.csv:2", "delay = -2", "out of range; expected a number > 0 (ms)"}},
      {edit("net/cc.csv", "3.5", "strong"), {"cc.csv:2", "syn_weight = strong", "must be a number"}},
      // nodes
      {text("net/cells.h5", "not hdf5"), {"net/cells.h5"}},
      {hdf5("net/cells.h5", [](h5::Group& root) { root.create_group("cells"); }),
       {"cells.h5", "/nodes", "missing group"}},
      {hdf5("net/cells.h5", [](h5::Group& root) { Folder::below(root, "nodes", "cells"); }),
       {"/nodes/cells/node_type_id", "missing"}},
      {hdf5("net/cells.h5",
            [](h5::Group& root) {
              Folder::cells(root, {101, 100, 103});
            }),
       {"cells.h5: /nodes/cells/node_type_id[2] = 103", "cells.csv", "100, 101, 102"}},
      {hdf5("net/cells.h5",
            [](h5::Group& root) {
              Folder::cells(root, {101, 100, 100}, {0, 1, 1});
            }),
       {"node_id[2] = 1", "given twice"}},
      {hdf5("net/cells.h5",
            [](h5::Group& root) {
              Folder::cells(root, {101, 100, 100}, {1, 2, 3});
            }),
       {"node_id[2] = 3", "0 to 2"}},
      {hdf5("net/cells.h5",
            [](h5::Group& root) {
              Folder::cells(root, {101, 100, 100}, {0, 1});
            }),
       {"/nodes/cells/node_id", "has 2 values"}},
      {hdf5("net/cells.h5",
            [](h5::Group& root) {
              Folder::cells(root, {101, 100, 100}, {2, 0, 1}, {0, 0, 2});
            }),
       {"node_group_index[2] = 2", "E_L", "only 2 values"}},
      {hdf5("net/cells.h5",
            [](h5::Group& root) {
              Folder::cells(root, {101, 100, 100}, {2, 0, 1}, {0, 0, 1}, {1, 0, 9});
            }),
       {"node_group_id[2] = 9", "no group /nodes/cells/9"}},
      {hdf5("net/cells.h5", [](h5::Group& root) { Folder::cells(root, {}, {}, {}, {}); }),
       {"node_type_id", "holds no nodes"}},
      {hdf5("net/inputs.h5",
            [](h5::Group& root) {
              auto group = Folder::below(root, "nodes", "cells");
              put<std::int32_t>(group, "node_type_id", {7});
            }),
       {"inputs.h5: /nodes/cells", "read from another file"}},
      // edges
      {hdf5("net/cc.h5",
            [](h5::Group& root) {
              Folder::recurrent(root, {0, 1, 2, 3});
            }),
       {"source_node_id[3] = 3", "no such node", "0 to 2"}},
      {hdf5("net/cc.h5",
            [](h5::Group& root) {
              Folder::recurrent(root, {0, -1, 2, 2});
            }),
       {"source_node_id[1] = -1", "no such node"}},
      {hdf5("net/cc.h5",
            [](h5::Group& root) {
              Folder::recurrent(root, {0, 1, 2});
            }),
       {"target_node_id", "has 4 values"}},
      {hdf5("net/cc.h5",
            [](h5::Group& root) {
              Folder::recurrent(root, {0, 1, 2, 2}, {1, 2, 0, 0}, {1, 2, 1, 8});
            }),
       {"edge_type_id[3] = 8", "cc.csv", "1, 2"}},
      {hdf5("net/cc.h5",
            [](h5::Group& root) {
              Folder::recurrent(root, {0, 1, 2, 2}, {1, 2, 0, 0}, {1, 2, 1, 2}, {4, 0, 4, 3});
            }),
       {"edge_group_id[3] = 3", "no group"}},
      {hdf5("net/cc.h5",
            [](h5::Group& root) {
              Folder::recurrent(root, {0, 1, 2, 2}, {1, 2, 0, 0}, {1, 2, 1, 2}, {4, 0, 4, 0}, {0, 2, 1, 0});
            }),
       {"edge_group_index[1] = 2", "group 0 has only 2 values"}},
      {hdf5("net/ic.h5", [](h5::Group& root) { Folder::feed(root, "inputs"); }), {"virtual nodes cannot receive"}},
      {hdf5("net/ic.h5", [](h5::Group& root) { Folder::feed(root, "cell"); }),
       {"@node_population = cell", "\"cells\""}},
      // spikes
      {hdf5("spikes.h5",
            [](h5::Group& root) {
              Folder::spikes(root, {1.0, -0.5}, {0, 1});
            }),
       {"/spikes/timestamps[1] = -0.5"}},
      {hdf5("spikes.h5",
            [](h5::Group& root) {
              Folder::spikes(root, {1.0, 0.5}, {0, 2});
            }),
       {"/spikes/gids[1] = 2", "0 to 1"}},
      {hdf5("spikes.h5",
            [](h5::Group& root) {
              Folder::spikes(root, {1.0}, {0, 1});
            }),
       {"spikes.h5", "/spikes/timestamps"}},
  };
  for (std::size_t i = 0; i < mistakes.size(); ++i) {
    const Folder folder;
    mistakes[i].make(folder);
    const std::string message = complaint_of([&] { folder.read(); });
    CAPTURE(i);
    for (const std::string& part : mistakes[i].says) CHECK_THAT(message, Catch::Contains(part));
  }
}

TEST_CASE("SONATA: the network of examples/sonata", "[sonata]") {
  const Experiment experiment = read_sonata_config(fs::path(RHEO_SOURCE_DIR) / "examples/sonata/config.json");
  CHECK(experiment.warnings.empty());
  CHECK(experiment.ticks == 5000);
  REQUIRE(experiment.network.populations.size() == 2);
  CHECK(experiment.network.populations[0].size == 80);
  CHECK(experiment.network.populations[1].trains->begin.size() == 21);
  CHECK(experiment.network.projections.size() == 2);
}

TEST_CASE("SONATA: the 300 point neurons of the Allen Institute", "[sonata]") {
  const fs::path config = fs::path(RHEO_SOURCE_DIR) / "../shared/data/sonata/300_pointneurons/config.json";
  if (!fs::exists(config)) {
    WARN("skipped: " << config.string() << " not found");
    return;
  }
  const Experiment experiment = read_sonata_config(config);
  const NetworkSpec& network = experiment.network;
  CHECK(experiment.ticks == 150000);
  CHECK(network.dt == 0.01);
  REQUIRE(network.populations.size() == 2);
  CHECK(network.populations[0].name == "internal");
  CHECK(network.populations[0].size == 300);
  CHECK(number(network.populations[0].initial.at("V_m")) == -70.0);
  CHECK(number(network.populations[0].params.at("t_ref")) == 3.0);
  CHECK(list(network.populations[0].params.at("tau_m"))[0] == 44.9);
  CHECK(list(network.populations[0].params.at("tau_m"))[299] == 12.5);
  CHECK(network.populations[1].size == 100);
  CHECK(network.populations[1].trains->times.size() == 2126);  // of 4334; the others come after 1500 ms
  REQUIRE(network.projections.size() == 2);
  CHECK(network.projections[0].connect.as<List>()->edges->source.size() == 27588);
  CHECK(network.projections[1].connect.as<List>()->edges->source.size() == 20844);
  CHECK(number(network.projections[0].delay) == 2.0);
  CHECK(number(network.projections[1].delay) == 1.0);
}

}  // namespace test_sonata
