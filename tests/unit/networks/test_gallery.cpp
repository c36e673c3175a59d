// The gallery of firing patterns: the spikes of the published listing, and the table of docs/gallery.md.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "io/experiment/experiment.hpp"
#include "networks/network.hpp"

namespace test_gallery {

namespace {

namespace fs = std::filesystem;
using namespace rheo;

// Spike times (ms) of the listing for figure 1 of Izhikevich, IEEE Trans. Neural Networks 15 (2004), in double
// precision, where a step is stamped with the time at its begin.
const std::map<char, std::vector<double>> published = {
    {'a', {13, 17, 31.5, 59.25, 86.75}},
    {'b', {43.75}},
    {'c', {25,   26.5,  28.25,  30,  32,    34,    36.25,  38.75,  41.75, 45.5,   80,     82.25,  84.75, 87.75,
           91.5, 98.75, 132.75, 135, 137.5, 140.5, 144.25, 151.25, 185.5, 187.75, 190.25, 193.25, 197,   204.5}},
    {'d', {39, 42.8, 47, 51.8, 57.6, 67.2}},
    {'e', {20, 22.75, 27.25, 67, 99.25, 131.5}},
    {'f', {10.25, 12.25, 15, 19.75, 42.5, 71.5}},
    {'g', {84.5, 125, 155.75, 181, 203.5, 223.75, 242, 259.25, 275.5, 290.5}},
    {'h', {105.75, 126.5, 145.25, 162.25, 178, 192.75, 206.75, 220.5, 233.75, 246.5, 258.75, 271, 282, 293}},
    {'i', {26.6}},
    {'j', {26.5}},
    {'k', {338}},
    {'l', {20}},
    {'m', {68}},
    {'n', {68, 71, 74.2, 77.8, 81.8, 86.4, 92.2}},
    {'o', {93.25}},
    {'p', {45.25, 86, 126.5, 167.25, 208}},
    {'q', {11.3}},
    {'r', {311.5}},
    {'s', {94.5, 166, 236}},
    {'t', {86.5, 88.5, 90.5, 93, 95.5, 98.5, 103, 191.5, 194, 196.5, 199.5, 204}},
};

struct Times final : SpikeSink {
  std::vector<Tick> ticks;
  void take(const SpikeBatch& batch) override {
    for (std::size_t k = 0; k < batch.ticks(); ++k) ticks.insert(ticks.end(), batch.at(k).size(), batch.tick(k));
  }
};

std::vector<Tick> spikes(const Experiment& experiment, double dt) {
  NetworkSpec spec = experiment.network;
  spec.dt = dt;
  Network network(spec, Threads(1));
  Times times;
  network.simulation().add_sink(times);
  network.simulation().run(ms_to_tick_nearest(experiment.duration, dt));
  return times.ticks;
}

std::vector<fs::path> patterns() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(RHEO_SOURCE_DIR "/examples/gallery"))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("The 20 firing patterns spike in the ticks of the published listing", "[gallery]") {
  REQUIRE(patterns().size() == published.size());
  for (const fs::path& pattern : patterns()) {
    const Experiment experiment = parse_experiment(pattern.string());
    const double dt = experiment.network.dt;
    std::vector<Tick> expected;
    for (const double begin : published.at(pattern.filename().string().front()))
      expected.push_back(ms_to_tick_nearest(begin, dt) + 1);
    INFO(pattern.filename().string());
    CHECK(spikes(experiment, dt) == expected);
  }
}

TEST_CASE("The 20 firing patterns have the spikes that docs/gallery.md says", "[gallery]") {
  std::ifstream file(RHEO_SOURCE_DIR "/docs/gallery.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const fs::path& pattern : patterns()) {
    const Experiment experiment = parse_experiment(pattern.string());
    const double dt = experiment.network.dt;
    const std::vector<Tick> ticks = spikes(experiment, dt);
    REQUIRE(!ticks.empty());
    std::string row = fmt::format("(../examples/gallery/{}) | {} | {} | {} |", pattern.filename().string(),
                                  tick_to_ms(ticks.front(), dt), tick_to_ms(ticks.back(), dt), ticks.size());
    for (const double divisor : {2.0, 8.0}) row += fmt::format(" {} |", spikes(experiment, dt / divisor).size());
    INFO("expected in docs/gallery.md: " << row);
    const bool found = page.find(row) != std::string::npos;
    CHECK(found);
  }
}

}  // namespace test_gallery
