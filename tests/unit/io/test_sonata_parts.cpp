// SONATA in: node sets by attribute, reports, inputs of our own, models by both names, edges in pieces.
#include <catch2/catch.hpp>
#include <numeric>

#include "io/h5/h5.hpp"
#include "io/sonata/sonata.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"
#include "neurons/catalogue.hpp"
#include "tests/unit/io/sonata_folder.hpp"

namespace test_sonata_parts {

using namespace rheo;
using namespace sonata_test;

namespace {

std::string warnings(const Experiment& experiment) {
  return std::accumulate(experiment.warnings.begin(), experiment.warnings.end(), std::string(),
                         [](const auto& a, const auto& b) { return a + b + "\n"; });
}

// The ids of the cells that a report of this node set records.
std::vector<std::uint32_t> reported(const Folder& folder, const std::string& cells) {
  folder.text("simulation.json", R"({"run": {"tstop": 20.0}, "node_sets_file": "sets.json",
    "reports": {"v": {"variable_name": "V_m", "cells": )" +
                                     cells + "}}}");
  const RecordStates report = folder.read().reports.at(0);
  std::vector<std::uint32_t> ids;
  for (const Selection& selection : report.cells) {
    CHECK(selection.population == "cells");
    for (std::uint32_t i = selection.begin; i < selection.end.value_or(3); i += selection.step) ids.push_back(i);
  }
  return ids;
}
using Ids = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("SONATA: node sets by attribute", "[sonata]") {
  const Folder folder;
  // Node 2 is of type 101; nodes 0 and 1 of type 100 "first one", with x = 0.5 and 0.25.
  folder.text("sets.json", R"({
    "left": {"population": "cells", "x": [0.25, 7]}, "typed": {"node_type_id": 100}, "both": ["left", "two"],
    "two": {"population": "cells", "node_id": [2, 2]}, "named": {"name": "first one", "x": 0.5},
    "process": {"model_type": ["point_process", "nothing"]}, "empty": {"population": "cells", "x": 9}})");
  CHECK(reported(folder, "\"left\"") == Ids{1});
  CHECK(reported(folder, "\"typed\"") == Ids{0, 1});
  CHECK(reported(folder, "\"both\"") == Ids{1, 2});
  CHECK(reported(folder, "\"named\"") == Ids{0});
  CHECK(reported(folder, "\"process\"") == Ids{2});
  CHECK(reported(folder, "\"cells\"") == Ids{0, 1, 2});
  CHECK(reported(folder, "\"all\"") == Ids{0, 1, 2});
  CHECK(reported(folder, "[\"left\", \"left\", \"typed\"]") == Ids{0, 1});
  CHECK_THAT(complaint_of([&] { reported(folder, "\"empty\""); }), Catch::Contains("reports.v.cells"));
  CHECK_THAT(complaint_of([&] { reported(folder, "\"inputs\""); }), Catch::Contains("virtual"));
  CHECK_THAT(complaint_of([&] { reported(folder, "{\"y\": 1}"); }), Catch::Contains("no node has such an attribute"));
  CHECK_THAT(complaint_of([&] { reported(folder, "{\"x\": {\"$gt\": 1}}"); }), Catch::Contains("cells.x"));
  CHECK_THAT(complaint_of([&] { reported(folder, "{\"node_id\": [1]}"); }), Catch::Contains("cells.population"));
}

TEST_CASE("SONATA: reports", "[sonata]") {
  const Folder folder;
  const auto with = [&](const std::string& report) {
    folder.text("simulation.json",
                R"({"run": {"tstop": 20.0}, "output": {"output_dir": "out"}, "reports": {"v": )" + report + "}}");
    return folder.read();
  };
  const RecordStates all =
      with(R"({"module": "membrane_report", "cells": "cells", "variable_name": ["V_m", "I_syn_ex"], "dt": 0.5,
               "start_time": 2.0, "end_time": 100.0, "file_name": "states.h5", "sections": "soma"})")
          .reports.at(0);
  CHECK(all.name == "v");
  CHECK(all.variables == std::vector<std::string>{"V_m", "I_syn_ex"});
  CHECK(all.files == std::vector<std::string>{"states_V_m.h5", "states_I_syn_ex.h5"});
  CHECK(all.times.first == 20);
  CHECK(all.times.every == 5);
  CHECK(all.times.end == 200);
  CHECK(with(R"({"cells": "cells", "variable_name": "V_m"})").reports.at(0).files.at(0) == "v.h5");
  CHECK(with(R"({"cells": "cells", "variable_name": "V_m", "enabled": false})").reports.empty());
  for (const std::string name : {"checkpoint", "checkpoint.previous", "checkpoint_5ms", "spikes"})
    CHECK_THAT(
        complaint_of([&] { with(R"({"cells": "cells", "variable_name": "V_m", "file_name": ")" + name + ".h5\"}"); }),
        Catch::Contains("writes " + name + ".h5, a name that is kept"));
  CHECK_THAT(warnings(with(R"({"cells": "cells", "variable_name": "V_m", "file_name": "../x/a.h5", "unit": "mV"})")),
             Catch::Contains("a.h5 in the output directory") && Catch::Contains("not used: reports.v.unit"));
  for (const auto& [report, message] : std::vector<std::pair<std::string, std::string>>{
           {R"({"cells": "cells"})", "reports.v.variable_name: missing"},
           {R"({"variable_name": "V_m"})", "reports.v.cells: missing"},
           {R"({"cells": "cells", "variable_name": "v"})", "unknown variable of iaf_psc_alpha"},
           {R"({"cells": "cells", "variable_name": []})", "names nothing"},
           {R"({"cells": "cells", "variable_name": "V_m", "dt": 0.25})", "no whole number of ticks"},
           {R"({"cells": "cells", "variable_name": "V_m", "dt": 0})", "no whole number of ticks"},
           {R"({"cells": "cells", "variable_name": "V_m", "start_time": -1})", "no whole number of ticks"},
           {R"({"cells": "cells", "variable_name": "V_m", "start_time": 30})", "no time of the simulation"},
           {R"({"cells": "cells", "variable_name": "V_m", "file_name": "spikes.h5"})",
            "a name that is kept for record.spikes"},
           {R"({"cells": "cells", "variable_name": "V_m", "module": "extracellular"})", "not available"},
           {R"("on")", "must be an object"}}) {
    CAPTURE(report);
    CHECK_THAT(complaint_of([&, r = report] { with(r); }), Catch::Contains(message));
  }
}

TEST_CASE("SONATA: every model by both of its names", "[sonata]") {
  for (const ModelInfo& model : neuron_models()) {
    if (model.ports.empty() || !model.spikes) continue;  // synapses of SONATA transmit spikes
    for (const char* simulator : {"nest:", "rheo:"}) {
      CAPTURE(model.name, simulator);
      const Folder folder;
      folder.text("net/cells.csv", "node_type_id model_type model_template dynamics_params\n100 point_neuron " +
                                       (simulator + model.name) + " p.json\n101 point_neuron " +
                                       (simulator + model.name) + " p.json\n");
      std::string params;
      for (const FieldInfo& field : model.params)
        params += (params.empty() ? "\"" : ", \"") + field.name + "\": " + std::to_string(field.initial);
      folder.text("parts/p.json", "{" + params + "}");
      folder.hdf5("net/cells.h5", [](h5::Group& root) {
        auto group = Folder::below(root, "nodes", "cells");
        put<std::int64_t>(group, "node_type_id", {100, 101, 100});
        auto zero = group.create_group("0");
        put<double>(zero, "V_m", {-66, -67, -68});
      });
      const Experiment experiment = folder.read();
      const PopulationSpec& cells = experiment.network.populations[0];
      CHECK(cells.model == model.name);
      CHECK(list(cells.initial.at("V_m")) == std::vector<double>{-66, -67, -68});
      CHECK(cells.params.size() == model.params.size());
      Network network(experiment.network, Threads(1));
      network.simulation().run(20);
    }
  }
}

TEST_CASE("SONATA: options, and where a state starts", "[sonata]") {
  const Folder folder;
  const auto cells = [&](const std::string& model, const std::string& params) {
    folder.text("net/cells.csv", "node_type_id model_type model_template dynamics_params\n100 point_neuron " + model +
                                     " p.json\n101 point_neuron " + model + " p.json\n");
    folder.text("parts/p.json", params);
    folder.hdf5("net/cells.h5", [](h5::Group& root) {
      auto group = Folder::below(root, "nodes", "cells");
      put<std::int64_t>(group, "node_type_id", {100, 101, 100});
    });
    return folder.read().network.populations[0];
  };
  const PopulationSpec own = cells("rheo:izhikevich", R"({"scheme": "published_2004", "a": 0.1})");
  CHECK(own.options == std::map<std::string, std::string>{{"scheme", "published_2004"}});
  CHECK(own.initial.empty());  // the model's own
  const PopulationSpec nest = cells("nest:izhikevich", R"({"a": 0.1})");
  CHECK(nest.options == std::map<std::string, std::string>{{"scheme", "euler"}, {"input", "delta"}});
  CHECK(number(nest.initial.at("U_m")) == 0);
  CHECK(number(cells("nest:iaf_psc_alpha", R"({"E_L": -60})").initial.at("V_m")) == -70);
  CHECK(cells("rheo:iaf_psc_alpha", R"({"E_L": -60})").initial.empty());
  CHECK_THAT(complaint_of([&] { cells("rheo:izhikevich", R"({"scheme": "eulr"})"); }),
             Catch::Contains("scheme") && Catch::Contains("did you mean \"euler\"?"));
  CHECK_THAT(complaint_of([&] { cells("rheo:izhikevich", R"({"scheme": 3})"); }), Catch::Contains("must be a text"));
  CHECK_THAT(complaint_of([&] { cells("rheo:spike_source", "{}"); }), Catch::Contains("not available"));
}

TEST_CASE("SONATA: edges in several files, in pieces of one group, with a port and parameters", "[sonata]") {
  const Folder folder;
  folder.edit("circuit.json", R"({"edges_file": "$NET/ic.h5")",
              R"({"edges_file": "$NET/more.h5", "edge_types_file": "$NET/more.csv"}, {"edges_file": "$NET/ic.h5")");
  folder.text("net/more.csv", "edge_type_id dynamics_params rheo:port\n9 syn.json in\n");
  folder.text("parts/syn.json", R"({"weight": 7.5, "delay": 0.3})");
  folder.hdf5("net/more.h5", [](h5::Group& root) {
    auto group = Folder::below(root, "edges", "cells_to_cells");
    put_ends(group, "cells", "cells", {0, 1}, {2, 2});
    put<std::uint8_t>(group, "edge_type_id", {9, 9});
    auto zero = group.create_group("0");
    put<double>(zero, "sec_x", {0.5, 0.5});
    auto params = zero.create_group("dynamics_params");
    put<float>(params, "weight", {1.5, -2.5});
  });
  const Experiment experiment = folder.read();
  REQUIRE(experiment.network.projections.size() == 3);
  const ProjectionSpec& more = experiment.network.projections[1];
  CHECK(more.name == "cells_to_cells_2");
  CHECK(more.port == "in");
  CHECK(list(more.weight) == std::vector<double>{1.5, -2.5});
  CHECK(number(more.delay) == 0.3);
  CHECK_THAT(warnings(experiment), Catch::Contains("cells_to_cells_2") && Catch::Contains("not used: sec_x"));
  folder.text("parts/syn.json", R"({"tau_psc": 7.5})");
  CHECK_THAT(complaint_of([&] { folder.read(); }), Catch::Contains("tau_psc"));
}

TEST_CASE("SONATA: currents, and inputs of our own", "[sonata]") {
  const Folder folder;
  const auto with = [&](const std::string& input) {
    folder.text("simulation.json", R"({"run": {"tstop": 20.0, "rheo:precision": "single"}, "inputs": {"z": )" + input +
                                       R"(, "a": {"module": "rheo:current", "target": "cells", "amplitude": 1}}})");
    return folder.read().network;
  };
  SECTION("a clamp: nA to pA, some cells") {
    const NetworkSpec network =
        with(R"({"input_type": "current_clamp", "module": "IClamp", "amp": 0.25, "delay": 5, "duration": 10,
                 "node_set": {"population": "cells", "node_id": [0, 2]}})");
    CHECK(network.precision == Precision::single_);
    REQUIRE(network.inputs.size() == 2);
    CHECK(network.inputs[0].name == "z");  // in the order of the file: it is part of what fixes the bits
    REQUIRE(network.inputs[0].kind.as<ConstantCurrent>());
    CHECK(list(network.inputs[0].kind.as<ConstantCurrent>()->amplitude) == std::vector<double>{250, 0, 250});
    CHECK(network.inputs[0].start == 5);
    CHECK(network.inputs[0].stop == 15);
  }
  SECTION("all kinds") {
    const InputSpec input =
        with(R"({"input_type": "spikes", "module": "rheo:poisson", "target": ["cells[0:2]", "cells[2:]"],
                 "rate": [1, 2.5, 3], "weight": {"normal": [3, 1], "min": 0}, "delay": 1.5, "port": "ex",
                 "start": 1, "stop": 9})")
            .inputs.at(0);
    const PoissonSpikes* const poisson = input.kind.as<PoissonSpikes>();
    REQUIRE(poisson);
    CHECK(input.target.size() == 2);
    CHECK(list(poisson->rate) == std::vector<double>{1, 2.5, 3});
    CHECK(std::get<Distribution>(poisson->weight).min == 0.0);
    CHECK(poisson->port == "ex");
    CHECK(with(R"({"module": "rheo:spikes", "target": "cells", "times": [[1], [2, 3], []]})")
              .inputs.at(0)
              .kind.as<GivenSpikes>()
              ->trains->times == std::vector<double>{1, 2, 3});
    CHECK(with(R"({"module": "rheo:noise", "target": "cells", "deviation": 3})").inputs.at(0).kind.as<NoiseCurrent>() !=
          nullptr);
  }
  SECTION("mistakes") {
    for (const auto& [input, message] : std::vector<std::pair<std::string, std::string>>{
             {R"({"module": "rheo:posson", "target": "cells"})", "did you mean \"poisson\"?"},
             {R"({"module": "rheo:poisson", "target": "cels", "rate": 3})", "inputs.z.target = \"cels\""},
             {R"({"module": "rheo:poisson", "target": "cells", "rate": -3})", "inputs.z.rate = -3"},
             {R"({"module": "rheo:poisson", "target": "cells", "rate": [1, 2]})", "has 2 entries"},
             {R"({"module": "rheo:poisson", "target": "inputs", "rate": 3})", "a spike_source has no input"},
             {R"({"module": "rheo:poisson", "target": "cells", "rate": null})", "null"},
             {R"({"module": "rheo:poisson", "target": "cells", "rate": 3, "rte": 4})", "inputs.z.rte: unknown key"},
             {R"({"input_type": "current_clamp", "node_set": "cells"})", "inputs.z.amp: missing"},
             {R"({"input_type": "current_clamp", "node_set": "inputs", "amp": 1})", "virtual"},
             {R"({"input_type": "current_clamp", "node_set": "cells", "amp": 1, "delay": -1})", "must not be negative"},
             {R"({"input_type": "current_clamp", "node_set": "cells", "amp": 1, "duration": 0})", "must be positive"},
             {R"({"input_type": "current_clamp", "node_set": "cells", "amp": 1, "module": "x"})", "not available"}}) {
      CAPTURE(input);
      CHECK_THAT(complaint_of([&, i = input] { with(i); }), Catch::Contains(message));
    }
  }
}

}  // namespace test_sonata_parts
