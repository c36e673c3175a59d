// The gallery of firing patterns: docs/gallery.md says how many spikes each has; this runs them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "io/experiment.hpp"
#include "networks/network.hpp"

namespace {

namespace fs = std::filesystem;
using namespace rheo;

struct Counter final : SpikeSink {
  std::size_t spikes = 0;
  void take(const SpikeBatch& batch) override {
    for (std::size_t k = 0; k < batch.ticks(); ++k) spikes += batch.at(k).size();
  }
};

std::size_t spikes(const Experiment& experiment, double dt) {
  NetworkSpec spec = experiment.network;
  spec.dt = dt;
  Network network(spec, Threads(1));
  Counter counter;
  network.simulation().add_sink(counter);
  network.simulation().run(ms_to_tick_nearest(experiment.duration, dt));
  return counter.spikes;
}

}  // namespace

TEST_CASE("The 20 firing patterns have the spikes that docs/gallery.md says", "[gallery]") {
  std::ifstream file(RHEO_SOURCE_DIR "/docs/gallery.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  std::vector<fs::path> patterns;
  for (const auto& entry : fs::directory_iterator(RHEO_SOURCE_DIR "/examples/gallery"))
    if (entry.path().extension() == ".toml") patterns.push_back(entry.path());
  REQUIRE(patterns.size() == 20);
  std::sort(patterns.begin(), patterns.end());
  for (const fs::path& pattern : patterns) {
    const Experiment experiment = parse_experiment(pattern.string());
    const double dt = experiment.network.dt;
    std::string row = "(../examples/gallery/" + pattern.filename().string() + ") |";
    for (const double divisor : {1.0, 2.0, 8.0}) row += " " + std::to_string(spikes(experiment, dt / divisor)) + " |";
    INFO("expected in docs/gallery.md: " << row);
    const bool found = page.find(row) != std::string::npos;
    CHECK(found);
  }
}
