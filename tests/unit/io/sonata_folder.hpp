// A small SONATA network in a folder of its own, for tests that break it in one place each.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "io/h5/h5.hpp"
#include "io/sonata/sonata.hpp"

namespace sonata_test {

using namespace rheo;
namespace fs = std::filesystem;

template <class T>
void put(h5::Group& group, const std::string& name, const std::vector<T>& values) {
  auto data = group.create_dataset<T>(name, values.size());
  if (!values.empty()) data.template write<T>(0, values);
}

inline void put_ends(h5::Group& group, const std::string& from, const std::string& to,
                     const std::vector<std::int16_t>& source, const std::vector<std::uint32_t>& target) {
  auto sources = group.create_dataset<std::int16_t>("source_node_id", source.size());
  sources.write<std::int16_t>(0, source);
  sources.set_text("node_population", from);
  auto targets = group.create_dataset<std::uint32_t>("target_node_id", target.size());
  targets.write<std::uint32_t>(0, target);
  targets.set_text("node_population", to);
}

// A folder with a network of three cells and two inputs. Files are overwritten by whoever wants another one.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("rheo_test_sonata_" + std::to_string(getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_ / "net");
    fs::create_directories(path_ / "parts");
    text("config.json", R"({"network": "circuit.json", "simulation": "${configdir}/simulation.json"})");
    text("circuit.json", R"({
      "manifest": {"$BASE": "${configdir}", "$NET": "$BASE/net"},
      "components": {"point_neuron_models_dir": "$BASE/parts", "synaptic_models_dir": "$BASE/parts"},
      "networks": {
        "nodes": [{"nodes_file": "$NET/cells.h5", "node_types_file": "$NET/cells.csv"},
                  {"nodes_file": "${NET}/inputs.h5", "node_types_file": "$NET/inputs.csv"}],
        "edges": [{"edges_file": "$NET/cc.h5", "edge_types_file": "$NET/cc.csv", "enabled": true},
                  {"edges_file": "$NET/ic.h5", "edge_types_file": "$NET/ic.csv"},
                  {"edges_file": "$NET/absent.h5", "edge_types_file": "$NET/absent.csv", "enabled": false}]
      }})");
    text("simulation.json", R"({
      "manifest": {"$OUT": "./results"},
      "run": {"tstop": 20.0, "dt": 0.1, "random_seed": 7},
      "node_sets_file": "sets.json",
      "inputs": {"drive": {"rheo:at_zero": "drop",
                           "input_type": "spikes", "module": "h5", "input_file": "spikes.h5", "node_set": "driven"}},
      "output": {"output_dir": "$OUT", "spikes_file": "spikes.h5", "spikes_sort_order": "time"}})");
    text("sets.json", R"({"driven": {"population": "inputs"}})");
    text("net/cells.csv",
         "node_type_id model_type model_template dynamics_params name\n"
         "100 point_neuron nest:iaf_psc_alpha a.json \"first one\"\n"
         "101 point_process nest:iaf_psc_alpha b.json NULL\n"
         "102 biophysical NULL NULL \"never used\"\n");
    text("net/inputs.csv", "node_type_id model_type\n7 virtual\n");
    text("parts/a.json", R"({"tau_m": 10, "C_m": 200.0, "V_th": -50.0})");
    text("parts/b.json", R"({"tau_m": 20.0, "C_m": 200.0})");
    text("parts/static.json", "{}");
    text("net/cc.csv",
         "edge_type_id target_query model_template dynamics_params delay syn_weight\n"
         "1 \"name=='a' & x==\"\"b\"\"\" static_synapse static.json 2.0 3.5\n"
         "2 * static_synapse NULL NULL NULL\n");
    text("net/ic.csv", "edge_type_id model_template\n5 static_synapse\n");
    hdf5("net/cells.h5", [](h5::Group& root) { cells(root); });
    hdf5("net/inputs.h5", [](h5::Group& root) {
      auto group = below(root, "nodes", "inputs");
      put<std::uint8_t>(group, "node_type_id", {7, 7});
    });
    hdf5("net/cc.h5", [](h5::Group& root) { recurrent(root); });
    hdf5("net/ic.h5", [](h5::Group& root) { feed(root); });
    hdf5("spikes.h5", [](h5::Group& root) { spikes(root, {5.0, 1.25, 0.0, 25.0, 20.0}, {1, 1, 0, 0, 0}); });
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  static h5::Group below(h5::Group& root, const std::string& kind, const std::string& name) {
    auto group = root.create_group(kind);
    return group.create_group(name);
  }
  // node_id is permuted: row 0 is node 2, row 1 is node 0, row 2 is node 1.
  static void cells(h5::Group& root, std::vector<std::int32_t> types = {101, 100, 100},
                    std::vector<std::uint64_t> ids = {2, 0, 1}, std::vector<std::uint16_t> index = {0, 0, 1},
                    std::vector<std::int64_t> groups = {1, 0, 0}) {
    auto group = below(root, "nodes", "cells");
    put(group, "node_type_id", types);
    put(group, "node_id", ids);
    put(group, "node_group_id", groups);
    put(group, "node_group_index", index);
    auto zero = group.create_group("0");
    put<float>(zero, "x", {0.5f, 0.25f});
    put<float>(zero, "E_L", {-65.5f, -66.5f});
    auto one = group.create_group("1");
    auto params = one.create_group("dynamics_params");
    put<double>(params, "tau_m", {33.0});
    put<double>(params, "V_m", {-68.0});
  }
  // Edges 0, 2 of type 1 (weight 3.5, delay 2 by CSV), 1, 3 of type 2 (nothing by CSV). Group 0 holds weights and nsyns
  // of edges 3 and 1, group 4 nothing.
  static void recurrent(h5::Group& root, std::vector<std::int16_t> source = {0, 1, 2, 2},
                        std::vector<std::uint32_t> target = {1, 2, 0, 0},
                        std::vector<std::uint16_t> types = {1, 2, 1, 2},
                        std::vector<std::uint8_t> groups = {4, 0, 4, 0},
                        std::vector<std::int64_t> index = {0, 1, 1, 0}) {
    auto group = below(root, "edges", "cells_to_cells");
    put_ends(group, "cells", "cells", source, target);
    put(group, "edge_type_id", types);
    put(group, "edge_group_id", groups);
    put(group, "edge_group_index", index);
    auto zero = group.create_group("0");
    put<float>(zero, "syn_weight", {-2.5f, 1.5f});
    put<std::int32_t>(zero, "nsyns", {1, 3});
    auto four = group.create_group("4");
    put<double>(four, "delay", {0.5, 1.5});
  }
  static void feed(h5::Group& root, const std::string& to = "cells") {
    auto group = below(root, "edges", "inputs_to_cells");
    put_ends(group, "inputs", to, {0, 1, 1}, {0, 1, 0});
    put<std::uint64_t>(group, "edge_type_id", {5, 5, 5});
    auto zero = group.create_group("0");
    put<double>(zero, "syn_weight", {40.0, 40.0, 40.0});
  }
  static void spikes(h5::Group& root, const std::vector<double>& times, const std::vector<std::int32_t>& ids) {
    auto group = root.create_group("spikes");
    group.set_text("sorting", "none");
    put(group, "timestamps", times);
    put(group, "gids", ids);
  }

  void text(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }
  void hdf5(const std::string& name, const std::function<void(h5::Group&)>& fill) const {
    auto file = h5::File::create((path_ / name).string());
    fill(file);
  }
  // Replaces the first `from` in a text file.
  void edit(const std::string& name, const std::string& from, const std::string& to) const {
    std::ifstream stream(path_ / name, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(stream), {}};
    const auto at = content.find(from);
    REQUIRE(at != std::string::npos);
    text(name, content.replace(at, from.size(), to));
  }
  fs::path operator/(const std::string& name) const { return path_ / name; }
  Experiment read(const std::string& name = "config.json", const std::vector<std::string>& overrides = {}) const {
    return read_sonata_config(path_ / name, overrides);
  }

 private:
  fs::path path_;
};

inline std::vector<double> list(const Value& value) {
  return std::get<std::vector<double>>(value);
}
inline double number(const Value& value) {
  return std::get<double>(value);
}

inline std::string complaint_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ExperimentError& error) {
    return error.what();
  }
  return "nothing was wrong";
}

}  // namespace sonata_test
