// rheo export: a network goes out and comes back with the same spikes; spikes as text read back exactly.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "io/h5/h5.hpp"
#include "io/spikes/reader.hpp"
#include "neurons/catalogue.hpp"
#include "tests/apps/command.hpp"

namespace test_export {

namespace {

// Runs `file`, exports it, runs the export, and compares all that is recorded.
void goes_and_returns(const Scratch& scratch, const fs::path& file, const std::vector<std::string>& recorded) {
  const fs::path first = scratch / "first", folder = scratch / "sonata", again = scratch / "again";
  REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", first.string()}) == 0);
  Command command(scratch, {"export", "--network", file.string(), "--out", folder.string()});
  const int code = command.end();
  CAPTURE(command.err());
  REQUIRE(code == 0);
  CHECK_FALSE(fs::exists(scratch / "sonata.part"));
  if (has_h5py())
    CHECK(sonata_accepts({folder / "config.json"}));
  else
    WARN("skipped: python3-h5py is not installed, nobody else reads the network");
  // Moved, and with other lanes and threads: nothing depends on where it lies or how it is laid out.
  fs::rename(folder, scratch / "moved");
  REQUIRE(code_of(scratch, {"run", (scratch / "moved" / "config.json").string(), "--quiet", "--lanes", "5", "--threads",
                            "3", "--out", again.string()}) == 0);
  for (const std::string& name : recorded) {
    CAPTURE(name);
    CHECK(bytes_of(first / name).size() > 2000);
    CHECK((bytes_of(first / name) == bytes_of(again / name)));
  }
}

std::vector<std::string> lines_of(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("a network of every kind of thing goes out as SONATA and comes back with the same spikes") {
  const Scratch scratch;
  const std::string precision = GENERATE("single", "double");
  const fs::path file = scratch / "net.toml";
  std::ofstream(file) << "[simulation]\nduration = 250.0\nseed = 11\nprecision = \"" << precision << R"("
[populations.source]
model = "spike_source"
size = 3
params = { times = [[3.25, 1.0, 1.0], [], [2.0, 100.3, 250.0]] }
[populations.E]
model = "iaf_psc_alpha"
size = 90
params = { tau_m = { normal = [12.0, 1.0], min = 8.0 }, C_m = 210.5, I_e = 330.1 }
positions = { uniform = [[0.0, 1.0], [0.0, 2.0], [-1.0, 1.0]] }
initial = { V_m = { uniform = [-70.0, -56.0] }, I_syn_ex = { uniform = [0.0, 200.0] } }
[populations.B]
model = "izhikevich"
size = 40
params = { scheme = "published_2004", d = { uniform = [6.0, 8.0] }, I_e = 4.0 }
[populations.A]
model = "izhikevich"
size = 10
params = { scheme = "euler", input = "delta" }
initial = { U_m = -3.0 }
[populations.D]
model = "iaf_psc_delta"
size = 20
initial = { V_m = { uniform = [-70.0, -56.0] } }
[inputs.background]
kind = "poisson"
target = ["E[10:90]", "D"]
rate = { uniform = [8000.0, 9000.0] }
weight = [)" <<
      [] {
        std::string list;
        for (int i = 0; i < 100; ++i) list += (i ? ", " : "") + std::to_string(i < 80 ? 30 + i % 7 : 1);
        return list;
      }() << R"(]
delay = 1.5
[inputs.ac]
kind = "sine"
target = "B[::3]"
amplitude = { normal = [2.0, 0.5] }
frequency = 20.0
start = 10.0
stop = 200.0
[inputs.noise]
kind = "noise"
target = "A"
mean = 5.0
deviation = 3.0
[inputs.given]
kind = "spikes"
target = "E[0:2]"
times = [[5.0, 6.0], [7.5]]
weight = 500.0
[projections.many]
source = ["E[0:40]", "B"]
target = ["E", "B[5:]", "A"]
connect = { rule = "fixed_indegree", indegree = 7 }
weight = { normal = [5.0, 4.0] }
delay = { uniform = [0.4, 6.0] }
[projections.many_E_E]
source = "D"
target = "E"
connect = { rule = "bernoulli", p = 0.2 }
weight = -30.0
delay = 0.7
[projections.in]
source = "source"
target = "E"
connect = { rule = "all_to_all" }
weight = { lognormal = [3.0, 0.4] }
delay = 2.0
[projections.current]
source = "A"
target = "E"
connect = { rule = "fixed_indegree", indegree = 2 }
weight = 3.0
port = "I"
[projections.none]
source = "A"
target = "D"
connect = { rule = "bernoulli", p = 0.0 }
[record.spikes]
populations = ["E", "B", "A", "D"]
[record.states]
population = ["E[0:30:4]", "B"]
variables = ["V_m"]
every = 0.5
)";
  goes_and_returns(scratch, file, {"spikes.h5", "states_V_m.h5"});
}

TEST_CASE("every model of the catalogue goes out as SONATA and comes back with the same states") {
  const Scratch scratch;
  const fs::path file = scratch / "net.toml";
  std::ofstream text(file);
  text << "[simulation]\nduration = 60.0\nseed = 4\n";
  std::string targets;
  std::vector<std::string> recorded;
  for (const rheo::ModelInfo& model : rheo::neuron_models()) {
    if (model.ports.empty()) continue;
    targets += (targets.empty() ? "\"" : ", \"") + model.name + "\"";
    recorded.push_back("of_" + model.name + "_V_m.h5");
    text << "[populations." << model.name << "]\nmodel = \"" << model.name
         << "\"\nsize = 20\ninitial = { V_m = { uniform = [-69.0, -62.0] } }\n[record.of_" << model.name
         << "]\npopulation = \"" << model.name << "\"\nvariables = [\"V_m\"]\n";
  }
  text << "[inputs.background]\nkind = \"poisson\"\ntarget = [" << targets
       << "]\nrate = 2000.0\nweight = { uniform = [1.0, 3.0] }\n[record.spikes]\n";
  text.close();
  REQUIRE(recorded.size() >= 3);
  goes_and_returns(scratch, file, recorded);
}

TEST_CASE("a Brunel network with a delay for each synapse goes out and comes back") {
  const Scratch scratch;
  const fs::path file = scratch / "net.toml";
  std::ofstream(file) << R"([simulation]
duration = 200.0
seed = 18446744073709551
[populations.E]
model = "iaf_psc_delta"
size = 800
params = { tau_m = 20.0, E_L = 0.0, V_reset = 0.0, V_th = 20.0, t_ref = 2.0 }
initial = { V_m = { uniform = [0.0, 20.0] } }
[populations.I]
like = "E"
size = 200
[inputs.background]
kind = "poisson"
target = ["E", "I"]
rate = 20000.0
weight = 0.1
[projections.excitation]
source = "E"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 80 }
weight = 0.1
delay = { uniform = [0.5, 5.0] }
[projections.inhibition]
source = "I"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 20 }
weight = -0.5
delay = 1.5
[record.spikes]
)";
  goes_and_returns(scratch, file, {"spikes.h5"});
}

TEST_CASE("the 300 point neurons of the Allen Institute go out and come back with their 18,828 spikes") {
  const fs::path config = fs::path(RHEO_SOURCE_DIR) / "../shared/data/sonata/300_pointneurons/config.json";
  if (!fs::exists(config)) {
    WARN("skipped: " << config.string() << " not found");
    return;
  }
  const Scratch scratch;
  goes_and_returns(scratch, config, {"spikes.h5", "membrane_potential.h5"});
  CHECK(rheo::read_spikes((scratch / "again" / "spikes.h5").string(), "internal").times.size() == 18'828);
  CHECK(report(scratch / "again")["projections"].size() == 2);
}

TEST_CASE("an export is all or nothing, and overwrites nothing") {
  const Scratch scratch;
  const std::string example = RHEO_SOURCE_DIR "/examples/sonata/config.json";
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& message) {
    Command command(scratch, arguments);
    CHECK(command.end() == 2);
    CHECK_THAT(command.err(), Catch::Contains(message));
  };
  refused({"export"}, "nothing to export");
  refused({"export", "--network", example}, "--out: is missing");
  refused({"export", "--format", "gdf"}, "");
  refused({"export", "--network", "missing.toml", "--out", (scratch / "o").string()}, "missing.toml");
  fs::create_directories(scratch / "full");
  std::ofstream(scratch / "full" / "mine") << "mine";
  refused({"export", "--network", example, "--out", (scratch / "full").string()}, "is there already");
  refused({"export", "--network", example, "--out", "/proc/nowhere/o"}, "cannot be made");
  refused({"export", "--network", RHEO_SOURCE_DIR "/examples/stdp.toml", "--out", (scratch / "o").string()},
          "SONATA files have no place for rules");
  CHECK_FALSE(fs::exists(scratch / "o"));
  fs::create_directories(scratch / "empty");
  CHECK(code_of(scratch, {"export", "--network", example, "--out", (scratch / "empty/").string()}) == 0);
  CHECK(fs::exists(scratch / "empty" / "config.json"));
  // A disk that fills up: no folder is left that looks like a network.
  Command limited(scratch, {"export", "--network", example, "--out", (scratch / "big").string()}, 3'000);
  CHECK(limited.end() == 2);
  CHECK_THAT(limited.err(), Catch::Contains("File too large"));
  CHECK_FALSE(fs::exists(scratch / "big"));
  CHECK_FALSE(fs::exists(scratch / "big.part"));
}

TEST_CASE("spikes as text read back exactly") {
  const Scratch scratch;
  const fs::path run = scratch / "run", file = run / "spikes.h5";
  REQUIRE(code_of(scratch, {"run", RHEO_SOURCE_DIR "/examples/brunel.toml", "--set", "simulation.duration=30",
                            "--quiet", "--out", run.string()}) == 0);
  const auto names = rheo::spike_populations(file.string());
  REQUIRE(names.size() >= 2);

  {
    const std::string bytes = bytes_of(file);
    Command command(scratch, {"export", "--format", "csv", run.string(), "--out", file.string()});
    CHECK(command.end() == 2);
    CHECK(command.err().find("is the file that is exported") != std::string::npos);
    CHECK((bytes_of(file) == bytes));
  }
  REQUIRE(code_of(scratch, {"export", "--format", "csv", run.string()}) == 0);
  const auto csv = lines_of(run / "spikes.csv");
  REQUIRE(code_of(scratch, {"export", "--format", "gdf", file.string(), "--out", (scratch / "s.gdf").string()}) == 0);
  CHECK(csv.at(0) == "timestamps population node_ids");
  std::size_t line = 1;
  for (const std::string& name : names) {
    const rheo::RecordedSpikes spikes = rheo::read_spikes(file.string(), name);
    const auto gdf = lines_of(scratch / ("s-" + name + ".gdf"));
    REQUIRE(spikes.times.size() > 100);
    REQUIRE(gdf.size() == spikes.times.size());
    REQUIRE(csv.size() >= line + spikes.times.size());
    for (std::size_t i = 0; i < gdf.size(); ++i, ++line) {
      std::istringstream row(csv[line]), other(gdf[i]);
      double time = 0;
      std::uint64_t id = 0;
      std::string population;
      row >> time >> population >> id;
      REQUIRE(time == spikes.times[i]);
      REQUIRE(population == name);
      REQUIRE(id == spikes.nodes[i]);
      other >> id >> time;
      REQUIRE(time == spikes.times[i]);
      REQUIRE(id == spikes.nodes[i]);
      REQUIRE(gdf[i].find('\t') != std::string::npos);
    }
  }
  CHECK(line == csv.size());

  // Odd times, the older layout, one population, stdout.
  {
    auto odd = rheo::h5::File::create((scratch / "odd.h5").string());
    auto group = odd.create_group("spikes");
    const std::vector<double> times{0.1 + 0.2, 1e-9, 1.0 / 3, 123456789.123456, 4.0};
    const std::vector<std::uint64_t> ids{5, 0, 18446744073709551615u, 1, 2};
    group.create_dataset<double>("timestamps", 5).write<double>(0, times);
    group.create_dataset<std::uint64_t>("gids", 5).write<std::uint64_t>(0, ids);
  }
  Command command(scratch, {"export", "--format", "gdf", (scratch / "odd.h5").string(), "--out", "-"});
  CHECK(command.end() == 0);
  CHECK(command.out() ==
        "5\t0.30000000000000004\n0\t1e-09\n18446744073709551615\t0.3333333333333333\n1\t123456789.123456\n2\t4\n");
  CHECK(code_of(scratch, {"export", "--format", "csv", (scratch / "none").string()}) == 2);
  Command full(scratch, {"export", "--format", "csv", run.string(), "--out", "/dev/full/x"});
  CHECK(full.end() == 2);
  Command limited(scratch, {"export", "--format", "csv", run.string(), "--out", (scratch / "cut.csv").string()}, 500);
  CHECK(limited.end() == 2);
  CHECK_FALSE(fs::exists(scratch / "cut.csv"));
}

}  // namespace test_export
