// Edges from CSV and HDF5 files, and what is said about wrong ones.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "io/experiment/edge_file.hpp"
#include "io/experiment/experiment.hpp"
#include "io/h5/h5.hpp"
#include "networks/connect/rules.hpp"
#include "networks/network.hpp"
#include "tests/files.hpp"

namespace test_edge_file {

using namespace rheo;

namespace {

using Ids = std::vector<std::uint32_t>;
using Numbers = std::vector<double>;

std::string experiment_with(const std::string& projection) {
  return "[simulation]\nduration = 1.0\n[populations.E]\nmodel = \"iaf_psc_delta\"\nsize = 5\n"
         "[projections.p]\nsource = \"E\"\ntarget = \"E\"\n" +
         projection;
}

}  // namespace

TEST_CASE("edges from CSV", "[experiment]") {
  const Scratch folder;
  const StoredEdges plain = read_edge_csv(folder.write("a.csv", "source,target\n0,1\n\n4,4\n0,1"), 5, 5);
  CHECK(plain.edges.source == Ids{0, 4, 0});
  CHECK(plain.edges.target == Ids{1, 4, 1});
  CHECK_FALSE(plain.weight);
  CHECK_FALSE(plain.delay);
  // Columns in any order, blanks, the line ends of another system.
  const StoredEdges full =
      read_edge_csv(folder.write("b.csv", "delay, target ,weight,source\r\n1.5, 1 ,-2e-1,0\r\n0.1,2,3,4\r\n"), 5, 5);
  CHECK(full.edges.source == Ids{0, 4});
  CHECK(full.edges.target == Ids{1, 2});
  CHECK(full.weight == Numbers{-0.2, 3});
  CHECK(full.delay == Numbers{1.5, 0.1});
  CHECK(read_edge_csv(folder.write("c.csv", "source,target\n"), 5, 5).edges.source.empty());
}

TEST_CASE("what is wrong with a CSV file of edges", "[experiment]") {
  const Scratch folder;
  const auto problem = [&](const std::string& text) {
    const std::string path = folder.write("e.csv", text);
    try {
      read_edge_csv(path, 5, 4);
    } catch (const ExperimentError& error) {
      return std::string(error.what()).substr(path.size());
    }
    return std::string("no error");
  };
  const std::string header = "; expected a header such as source,target,weight,delay";
  CHECK(problem("") == ": is empty" + header);
  CHECK(problem("source\n1\n") == ":1: target: is missing" + header);
  CHECK(problem("source,target,w\n") == ":1: column = w: is unknown" + header);
  CHECK(problem("source,target,source\n") == ":1: column = source: stands there twice" + header);
  CHECK(problem("0,1\n1,2\n") == ":1: column = 0: is unknown" + header);
  CHECK(problem("source,target\n0,1\n0,1,2\n") == ":3: line = 0,1,2: has 3 entries; expected 2 as in the header");
  CHECK(problem("source,target\n0,\n") == ":2: target: is no target; expected a whole number from 0 to 3");
  CHECK(problem("source,target\n5,1\n") == ":2: source = 5: is no source; expected a whole number from 0 to 4");
  CHECK(problem("source,target\n0,4\n") == ":2: target = 4: is no target; expected a whole number from 0 to 3");
  CHECK(problem("source,target\n-1,0\n") == ":2: source = -1: is no source; expected a whole number from 0 to 4");
  CHECK(problem("source,target\n0.5,0\n") == ":2: source = 0.5: is no source; expected a whole number from 0 to 4");
  CHECK(problem("source,target\n99999999999,0\n") ==
        ":2: source = 99999999999: is no source; expected a whole number from 0 to 4");
  CHECK(problem("source,target,weight\n0,0,x\n") == ":2: weight = x: is no weight; expected a number");
  CHECK(problem("source,target,weight\n0,0,nan\n") == ":2: weight = nan: is no weight; expected a number");
  CHECK(problem("source,target,delay\n0,0,-1\n") == ":2: delay = -1: is no delay; expected a number >= 0 (ms)");
  CHECK_THAT(problem("source,target\n" + std::string(5000, '1')), Catch::Contains("a line of more than 4096"));
  CHECK_THAT(problem(std::string("source\0,target\n", 15)), Catch::Contains("column = source?: is unknown"));
  CHECK_THROWS_WITH(read_edge_csv(folder / "none.csv", 5, 5), Catch::Contains("No such file"));
  CHECK_THROWS_WITH(read_edge_csv(folder / ".", 5, 5), Catch::Contains("is no file of text"));
}

TEST_CASE("a projection from a file of edges", "[experiment]") {
  const Scratch folder;
  folder.write("e.csv", "source,target,weight,delay\n0,1,0.5,1.5\n4,2,-0.25,0.3\n0,1,0.125,1.5\n");
  folder.write("fast.csv", "source,target,delay\n0,1,0.01\n");
  const auto parse = [&](const std::string& projection) {
    return parse_experiment(folder.write("x.toml", experiment_with(projection)));
  };
  const Experiment from_csv = parse("connect = { rule = \"list\", file = \"e.csv\" }\n");
  const ProjectionSpec& projection = from_csv.network.projections.at(0);
  REQUIRE(projection.connect.as<List>());
  CHECK(std::get<Numbers>(projection.weight) == Numbers{0.5, -0.25, 0.125});
  CHECK(std::get<Numbers>(projection.delay) == Numbers{1.5, 0.3, 1.5});
  const Network network(from_csv.network, Threads(1));
  std::vector<Synapse> synapses;
  network.outgoing(0, 0, synapses);
  network.outgoing(0, 4, synapses);
  REQUIRE(synapses.size() == 3);
  CHECK(synapses[1].weight == 0.125);
  CHECK(synapses[2].source == 4);
  CHECK(synapses[2].target == 2);
  CHECK(synapses[2].weight == -0.25);
  CHECK(synapses[2].delay == 0.3);

  {
    h5::File file = h5::File::create(folder / "e.h5");
    auto source = file.create_dataset<std::uint32_t>("from", 2);
    source.write<std::uint32_t>(0, Ids{3, 1});
    auto target = file.create_dataset<std::int64_t>("to", 2);
    target.write<std::int64_t>(0, std::vector<std::int64_t>{0, 2});
    auto outside = file.create_dataset<std::int64_t>("outside", 2);
    outside.write<std::int64_t>(0, std::vector<std::int64_t>{0, 5});
    auto negative = file.create_dataset<std::int64_t>("negative", 2);
    negative.write<std::int64_t>(0, std::vector<std::int64_t>{0, -5});
    auto weight = file.create_dataset<double>("w", 2);
    weight.write<double>(0, Numbers{0.5, 1.5});
    auto one = file.create_dataset<std::uint32_t>("one", 1);
    one.write<std::uint32_t>(0, Ids{3});
  }
  const std::string stored = "connect = { rule = \"list\", file = \"e.h5\", source = \"/from\", target = \"/to\" }\n";
  const ProjectionSpec from_h5 =
      parse(stored + "weight = { file = \"e.h5\", dataset = \"/w\" }\n").network.projections.at(0);
  CHECK(from_h5.connect.as<List>()->edges->source == Ids{3, 1});
  CHECK(from_h5.connect.as<List>()->edges->target == Ids{0, 2});
  CHECK(std::get<Numbers>(from_h5.weight) == Numbers{0.5, 1.5});

  const auto problem = [&](const std::string& text) -> std::string {
    try {
      parse(text);
    } catch (const ExperimentError& error) {
      // Without the folder, which differs from run to run.
      std::string message = error.what();
      for (std::size_t at; (at = message.find(folder / "")) != std::string::npos;)
        message.erase(at, (folder / "").string().size());
      return message;
    }
    return "no error";
  };
  CHECK(problem("connect = { rule = \"list\", file = \"e.csv\" }\nweight = 1.0\n") ==
        "x.toml:10: projections.p.weight = 1.0: is a column of the file of edges too; expected one of the two");
  CHECK(problem("connect = { rule = \"list\", file = \"fast.csv\" }\n") ==
        "fast.csv: projections.p.delay[0] = 0.01: 0.01 ms rounds to less than one tick of 0.1 ms; expected a delay of "
        "at least 0.1 (ms)");
  CHECK(problem("connect = { rule = \"list\", file = \"none.csv\" }\n") ==
        "x.toml:9: projections.p.connect.file = \"none.csv\": none.csv: cannot be read (No such file or directory)");
  CHECK(problem("connect = { rule = \"list\", file = \"e.h5\" }\n") ==
        "x.toml:9: projections.p.connect.file = \"e.h5\": is no CSV file; expected a file *.csv, or source and target "
        "with the paths of datasets of an HDF5 file");
  CHECK(problem("connect = { rule = \"list\", file = \"e.h5\", source = \"/from\" }\n") ==
        "x.toml:9: projections.p.connect.target: is missing; expected the path of a dataset in the file");
  const auto with_target = [&](const std::string& target) {
    return problem("connect = { rule = \"list\", file = \"e.h5\", source = \"/from\", target = \"" + target + "\" }\n");
  };
  CHECK(with_target("/outside") ==
        "x.toml:9: projections.p.connect.file = \"e.h5\": e.h5: /outside = 5: value 1 is no neuron of the projection; "
        "expected 0 to 4");
  CHECK_THAT(with_target("/negative"), Catch::Contains("x.toml:9: projections.p.connect.file") &&
                                           Catch::Contains("/negative: holds a value that does not fit"));
  CHECK_THAT(with_target("/one"),
             Catch::Contains("/one: has 1 values, and /from has 2; expected one target per source"));
  CHECK_THAT(with_target("/nothing"), Catch::Contains("x.toml:9") && Catch::Contains("/nothing"));
}

}  // namespace test_edge_file
