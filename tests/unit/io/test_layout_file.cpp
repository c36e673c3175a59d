#include "io/experiment/layout_file.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "core/diagnostics.hpp"
#include "networks/delivery/measured_costs.hpp"
#include "networks/delivery/stored_synapses.hpp"
#include "networks/network.hpp"

namespace test_layout_file {

using namespace rheo;

namespace {

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("rheo_layout_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& text) const {
    const auto file = path_ / "layout.toml";
    std::ofstream(file) << text;
    return file.string();
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Sets a variable of the environment and puts back what was there.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* const before = std::getenv(name); before != nullptr) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

std::string refusal(const std::string& file) {
  try {
    read_layout_file(file);
  } catch (const ExperimentError& error) {
    return error.what();
  }
  return {};
}

// 4000 neurons, each with 100 sources and up to 46 delays.
NetworkSpec network(const DeliveryCosts& costs) {
  NetworkSpec spec;
  spec.costs = costs;
  spec.populations = {
      {.name = "E", .model = "iaf_psc_delta", .size = 4000, .params = {}, .options = {}, .initial = {}, .trains = {}}};
  spec.projections = {{.name = "e",
                       .source = {{.population = "E", .end = {}}},
                       .target = {{.population = "E", .end = {}}},
                       .connect = FixedIndegree{.indegree = 100.0},
                       .weight = 0.1,
                       .delay = Distribution{Uniform{0.5, 5}},
                       .port = {}}};
  return spec;
}

}  // namespace

TEST_CASE("a layout file has costs by their names, and what it leaves out is built in") {
  const Folder folder;
  const DeliveryCosts costs = read_layout_file(folder.write("addition = 2\nnear_cache = 5e5  # bytes\n"));
  CHECK(costs.addition == 2);
  CHECK(costs.near_cache == 5e5);
  CHECK(costs.last_cache == DeliveryCosts{}.last_cache);
  CHECK(costs.row == DeliveryCosts{}.row);
}

TEST_CASE("a layout file that is wrong is refused with its line and key") {
  const Folder folder;
  const auto ends = [](const std::string& text, const std::string& end) {
    INFO(text);
    CHECK(text.ends_with(end));
  };
  ends(refusal(folder.write("row = 30\nadition = 1\n")).substr(0, 400),
       "far_neuron, meeting, first_cache, near_cache, last_cache; did you mean \"addition\"?");
  ends(refusal(folder.write("\nrow = 0\n")),
       "layout.toml:2: row = 0: is out of range; expected a number > 0 and <= 1000000000000");
  ends(refusal(folder.write("row = \"fast\"\n")),
       "layout.toml:1: row = \"fast\": is a string; expected a number > 0 and <= 1000000000000");
  CHECK(refusal(folder.write("row = 30\n").replace(0, 1, "/nowhere")).find("nowhere") != std::string::npos);
}

TEST_CASE("costs that were measured are kept for this machine, where that is possible") {
  const Folder folder;
  const Variable cache("XDG_CACHE_HOME", folder.path() / "cache"), home("HOME", folder.path() / "home");
  CHECK(kept_costs_file().parent_path() == folder.path() / "cache" / "rheo");
  CHECK_FALSE(kept_costs());
  const DeliveryCosts built_in = DeliveryCosts::here(), measured = measured_costs(Threads(2));
  for (const auto& [name, cost] : DeliveryCosts::names) {
    CAPTURE(name);
    CHECK(measured.*cost > built_in.*cost / 40);
    CHECK(measured.*cost < built_in.*cost * 40);
  }
  REQUIRE(keep_costs(measured));
  const std::optional<DeliveryCosts> kept = kept_costs();
  REQUIRE(kept);
  CHECK(kept->from == kept_costs_file().string());
  for (const auto& [name, cost] : DeliveryCosts::names) CHECK((*kept).*cost == Approx(measured.*cost).epsilon(1e-3));
  // A file that somebody broke is as none.
  std::ofstream(kept_costs_file()) << "addition = -1\n";
  CHECK_FALSE(kept_costs());
  REQUIRE(keep_costs(measured));
  CHECK(kept_costs());
  {
    const Variable none("XDG_CACHE_HOME", ""), nowhere("HOME", "");
    CHECK(kept_costs_file().empty());
    CHECK_FALSE(kept_costs());
    CHECK_FALSE(keep_costs(measured));
  }
  // A directory that cannot be made.
  const Variable file("XDG_CACHE_HOME", folder.write(""));
  CHECK_FALSE(kept_costs());
  CHECK_FALSE(keep_costs(measured));
  const Variable unset("XDG_CACHE_HOME", "");
  CHECK(kept_costs_file().parent_path() == folder.path() / "home" / ".cache" / "rheo");
}

TEST_CASE("costs choose the layout, and no result depends on it") {
  DeliveryCosts costs;
  const auto rows = [&](unsigned threads) {
    const Network built(network(costs), Threads(threads));
    return std::pair(built.lanes().count(), built.stored().bundles().front().lanes.front().slices.empty());
  };
  costs.last_cache = 1e3;  // all rings are larger
  costs.far_ring = 1e-6;
  CHECK(rows(1) == std::pair{std::size_t{1}, true});  // one lane, and a ring beyond every delay
  costs.far_ring = 1e3;
  CHECK_FALSE(rows(1).second);
  costs.meeting = 1;
  CHECK(rows(4).first == 4);
  costs.meeting = 1e9;
  CHECK(rows(4).first == 1);
}

TEST_CASE("rings that addresses cannot reach through are refused") {
  NetworkSpec spec = network({});
  spec.populations.front().size = 300'000;
  spec.populations.front().update = PopulationSpec::Update::tick;
  spec.projections.front().connect = FixedIndegree{.indegree = 1.0};
  spec.projections.front().delay = Distribution(Uniform{0.5, 2000});
  CHECK(Network(spec, Threads(1)).layout().candidates.size() > 1);
  spec.lanes = 1;
  spec.window = 32768;
  CHECK_THROWS_WITH(Network(spec, Threads(1)),
                    Catch::Contains("larger than addresses reach") && Catch::Contains("more lanes"));
}

}  // namespace test_layout_file
