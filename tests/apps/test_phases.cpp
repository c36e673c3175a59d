// Phases of a run: which projections learn in which, what is recorded of them, and where they are told. Snapshots of
// weights while running.
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "io/h5/h5.hpp"
#include "tests/apps/command.hpp"
#include "tests/apps/small_network.hpp"

namespace test_phases {

namespace {

const std::string three_phases = R"([[phases]]
name = "settle"
duration = 50.0
plasticity = false
[[phases]]
name = "train"
duration = 100.0
plasticity = ["excitation"]
[[phases]]
name = "test"
duration = 50.0
plasticity = false
)";

const std::string learns = "plasticity = { rule = \"stdp_pair\", params = { lambda = 0.1, w_max = 60.0 } }\n";
const std::string inhibition_learns =
    "plasticity = { rule = \"vogels_sprekeler\", params = { eta = 2.0, w_max = 300.0 } }\n";

// With phases and recordings as given.
fs::path experiment(const Scratch& scratch, const std::string& phases, const std::string& record,
                    const std::string& excitation = learns, const std::string& inhibition = inhibition_learns) {
  const fs::path file = scratch / "net.toml";
  std::ofstream(file) << "[simulation]\nseed = 3\n" << small_network(excitation, inhibition) << phases << record;
  return file;
}

struct Spikes {
  std::vector<double> times;
  std::vector<std::uint64_t> nodes;
  friend bool operator==(const Spikes&, const Spikes&) = default;
};
Spikes spikes_of(const fs::path& directory) {
  const auto file = rheo::h5::File::open((directory / "spikes.h5").string());
  return {file.dataset("/spikes/E/timestamps").read<double>(),
          file.dataset("/spikes/E/node_ids").read<std::uint64_t>()};
}

std::vector<float> weights_of(const fs::path& file, const std::string& edges) {
  return rheo::h5::File::open(file.string()).dataset("/edges/" + edges + "/0/syn_weight").read<float>();
}

}  // namespace

TEST_CASE("phases: recordings are limited to them, they are told, and the bytes do not depend on threads and lanes") {
  const Scratch scratch;
  const std::string membrane = "[record.membrane]\npopulation = \"E[0:9]\"\nvariables = [\"V_m\"]\nevery = 0.5\n";
  const fs::path whole = scratch / "whole", part = scratch / "part", other = scratch / "other";
  REQUIRE(code_of(scratch, {"run", experiment(scratch, three_phases, "[record.spikes]\n" + membrane).string(), "--out",
                            whole.string()}) == 0);
  const fs::path file =
      experiment(scratch, three_phases,
                 "[record.spikes]\nphases = [\"settle\", \"test\"]\n" + membrane + "phases = [\"train\", \"test\"]\n");
  Command command(scratch, {"run", file.string(), "--threads", "1", "--lanes", "1", "--out", part.string()});
  REQUIRE(command.end() == 0);
  CHECK(command.out().find("train                     50 to 150 ms, learning: excitation\n") != std::string::npos);
  CHECK(command.out().find("test                     150 to 200 ms, learning: nothing\n") != std::string::npos);
  const std::vector<std::string> files{"spikes.h5", "membrane_train_V_m.h5", "membrane_test_V_m.h5"};
  CHECK(report(part)["files"] == files);
  CHECK(report(part)["duration_ms"] == 200);
  CHECK(report(part)["phases"] ==
        nlohmann::json::parse(R"([{"name": "settle", "begin_ms": 0.0, "end_ms": 50.0, "learning": []},
                                  {"name": "train", "begin_ms": 50.0, "end_ms": 150.0, "learning": ["excitation"]},
                                  {"name": "test", "begin_ms": 150.0, "end_ms": 200.0, "learning": []}])"));

  Spikes expected;
  const Spikes all = spikes_of(whole);
  for (std::size_t i = 0; i < all.times.size(); ++i) {
    if (all.times[i] > 50 && all.times[i] <= 150) continue;
    expected.times.push_back(all.times[i]);
    expected.nodes.push_back(all.nodes[i]);
  }
  CHECK(expected.times.size() > 100);
  CHECK(all.times.size() > expected.times.size() + 100);
  CHECK((spikes_of(part) == expected));

  const auto data = [](const fs::path& name) { return rheo::h5::File::open(name.string()).dataset("/report/E/data"); };
  CHECK((data(part / "membrane_train_V_m.h5").read<float>() == data(whole / "membrane_V_m.h5").read<float>(100, 200)));
  CHECK((data(part / "membrane_test_V_m.h5").read<float>() == data(whole / "membrane_V_m.h5").read<float>(300, 100)));
  if (has_h5py()) CHECK(sonata_accepts({part / files[0], part / files[1], part / files[2]}));

  REQUIRE(code_of(scratch, {"run", file.string(), "--threads", "3", "--lanes", "9", "--out", other.string()}) == 0);
  for (const std::string& name : files) CHECK((bytes_of(part / name) == bytes_of(other / name)));
}

TEST_CASE("phases: only what learns changes its weights") {
  const Scratch scratch;
  const std::string record =
      "[record.spikes]\n[record.exc]\nprojection = \"excitation\"\n[record.inh]\nprojection = "
      "\"inhibition\"\n";
  const auto run = [&](const std::string& name, const fs::path& file) {
    const fs::path out = scratch / name;
    REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", out.string()}) == 0);
    return out;
  };
  const std::string never = "[[phases]]\nname = \"all\"\nduration = 200.0\n";
  const fs::path fixed = run("fixed", experiment(scratch, never, record, "", "")),
                 still = run("still", experiment(scratch, never + "plasticity = false\n", record)),
                 one = run("one", experiment(scratch, three_phases, record)),
                 both = run("both", experiment(scratch, never, record));
  // A network that never learns is a static one.
  CHECK((bytes_of(still / "spikes.h5") == bytes_of(fixed / "spikes.h5")));
  CHECK((weights_of(still / "exc.h5", "excitation_E_E") == weights_of(fixed / "exc.h5", "excitation_E_E")));
  CHECK((weights_of(one / "exc.h5", "excitation_E_E") != weights_of(fixed / "exc.h5", "excitation_E_E")));
  CHECK((weights_of(one / "inh.h5", "inhibition_I_E") == weights_of(fixed / "inh.h5", "inhibition_I_E")));
  CHECK((weights_of(both / "inh.h5", "inhibition_I_E") != weights_of(fixed / "inh.h5", "inhibition_I_E")));
  CHECK((bytes_of(one / "spikes.h5") != bytes_of(fixed / "spikes.h5")));
}

TEST_CASE("changes and conditions are refused where nobody would obey them") {
  const Scratch scratch;
  const fs::path file = scratch / "e.toml";
  const std::string network = "[simulation]\nduration = 10.0\n[populations.E]\nmodel = \"iaf_psc_delta\"\nsize = 3\n";
  const std::pair<std::string, std::string> plans[] = {
      {"changes", "[[changes]]\nat = 5.0\npopulations.E.params.tau_m = 12.0\n"},
      {"stop", "[[stop]]\nrate = \"E\"\nabove = 100.0\n"}};
  for (const auto& [key, plan] : plans) {
    std::ofstream(file) << network << plan;
    const std::vector<std::string> doors[] = {
        {"bench", file.string()}, {"export", "--network", file.string(), "--out", (scratch / "net").string()}};
    for (const auto& words : doors) {
      Command command(scratch, words);
      CHECK(command.end() == 2);
      CAPTURE(command.err());
      CHECK(command.err().find("e.toml:6: " + key) != std::string::npos);
    }
    std::ofstream(file) << network << plan << "[task]\nkind = \"what_when\"\n";
    Command task(scratch, {"reservoir", file.string()});
    CHECK(task.end() == 2);
    CAPTURE(task.err());
    CHECK(task.err().find(key + " = ") != std::string::npos);
    CHECK(task.err().find("stands beside [task]") != std::string::npos);
  }
  CHECK_FALSE(fs::exists(scratch / "net"));
}

TEST_CASE("validate, inspect and bench know phases") {
  const Scratch scratch;
  const fs::path file = experiment(scratch, three_phases, "[record.spikes]\n");
  for (const char* what : {"validate", "inspect"}) {
    Command command(scratch, {what, file.string()});
    CHECK(command.end() == 0);
    CHECK(command.out().find("  phase       train                     50 to 150 ms, learning: excitation\n") !=
          std::string::npos);
  }
  Command json(scratch, {"inspect", file.string(), "--json"});
  CHECK(json.end() == 0);
  CHECK(nlohmann::json::parse(json.out())["phases"][1] ==
        nlohmann::json::parse(R"({"name": "train", "begin_ms": 50.0, "end_ms": 150.0, "learning": ["excitation"]})"));
  CHECK(code_of(scratch, {"bench", file.string(), "--repeat", "2", "--no-bound"}) == 0);
}

TEST_CASE("weights every so often: in phases, the last as at the end, nothing else changes") {
  const Scratch scratch;
  const std::string at_end = "[record.spikes]\n[record.exc]\nprojection = \"excitation\"\n";
  const fs::path plain = scratch / "plain", one = scratch / "one", other = scratch / "other";
  REQUIRE(code_of(scratch, {"run", experiment(scratch, three_phases, at_end).string(), "--out", plain.string()}) == 0);
  const fs::path file = experiment(scratch, three_phases,
                                   at_end +
                                       "[record.course]\nprojection = \"excitation\"\nevery = 20.0\n[record.trained]\n"
                                       "projection = \"excitation\"\nevery = 50.0\nphases = [\"train\", \"test\"]\n");
  Command command(scratch, {"run", file.string(), "--threads", "1", "--lanes", "1", "--out", one.string()});
  REQUIRE(command.end() == 0);
  const std::vector<std::string> files{"spikes.h5", "exc.h5", "course.h5", "trained.h5"};
  CHECK(report(one)["files"] == files);
  for (const char* same : {"spikes.h5", "exc.h5"}) CHECK((bytes_of(one / same) == bytes_of(plain / same)));
  REQUIRE(code_of(scratch, {"run", file.string(), "--threads", "3", "--lanes", "9", "--out", other.string()}) == 0);
  for (const std::string& name : files) CHECK((bytes_of(one / name) == bytes_of(other / name)));

  for (const char* edges : {"excitation_E_E", "excitation_E_I"}) {
    const auto course = rheo::h5::File::open((one / "course.h5").string()).group(std::string("/weights/") + edges),
               trained = rheo::h5::File::open((one / "trained.h5").string()).group(std::string("/weights/") + edges);
    CHECK(course.dataset("time").read<double>() ==
          std::vector<double>{0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200});
    CHECK(trained.dataset("time").read<double>() == std::vector<double>{50, 100, 150, 200});
    const auto weights = [](const rheo::h5::Group& group, std::uint64_t k) {
      return group.dataset("weight").read<float>(k, 1);
    };
    CHECK((weights(course, 10) == weights_of(one / "exc.h5", edges)));
    CHECK((weights(course, 0) == weights(course, 2)));  // settle
    CHECK((weights(course, 2) != weights(course, 3)));  // train
    CHECK((weights(course, 7) != weights(course, 8)));
    CHECK((weights(course, 8) == weights(course, 10)));  // test
    CHECK((weights(trained, 0) == weights(course, 0)));
    CHECK((weights(trained, 1) == weights(course, 5)));
    CHECK((weights(trained, 2) == weights(course, 8)));
  }
}

TEST_CASE("Ctrl-C and kill -9 keep the weights that were recorded") {
  const Scratch scratch;
  const std::string record = "[record.course]\nprojection = \"inhibition\"\nevery = 5.0\n";
  const auto lasting = [](const char* duration) {
    return std::string("[[phases]]\nname = \"all\"\nduration = ") + duration + "\n";
  };
  const fs::path out = scratch / "out", part = out / "course.h5.part";
  const bool kill = GENERATE(false, true);
  {
    Command command(scratch, {"run", experiment(scratch, lasting("1e7"), record).string(), "--out", out.string()});
    REQUIRE(comes_true([&] { return flushed_rows(part, "/rows") > 1; }));
    // What others see while it runs.
    CHECK(flushed_rows(part, "/weights/inhibition_I_E/weight") > 0);
    command.send(kill ? SIGKILL : SIGINT);
    CHECK(command.end() == (kill ? -SIGKILL : 75));
  }
  if (kill) {
    CHECK(code_of(scratch, {"run", (scratch / "net.toml").string(), "--out", out.string()}) == 2);
    Command command(scratch, {"recover", out.string()});
    CHECK(command.end() == 0);
    CHECK(command.out().find("course.h5: sealed, ") != std::string::npos);
    CHECK(code_of(scratch, {"recover", out.string()}) == 2);
  }
  const auto cut = rheo::h5::File::open((out / "course.h5").string()).group("/weights/inhibition_I_E");
  const std::uint64_t snapshots = cut.dataset("time").rows();
  REQUIRE(snapshots > 2);
  const std::uint64_t compared = std::min<std::uint64_t>(snapshots, 40);
  const fs::path whole = scratch / "whole";
  REQUIRE(code_of(scratch, {"run", experiment(scratch, lasting("200.0"), record).string(), "--out", whole.string()}) ==
          0);
  const auto expected = rheo::h5::File::open((whole / "course.h5").string()).dataset("/weights/inhibition_I_E/weight");
  CHECK((cut.dataset("weight").read<float>(0, compared) == expected.read<float>(0, compared)));
}

}  // namespace test_phases
