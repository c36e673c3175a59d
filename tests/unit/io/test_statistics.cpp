#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "core/diagnostics.hpp"
#include "io/files/provenance.hpp"
#include "io/files/statistics.hpp"

namespace test_statistics {

using namespace rheo;

namespace {

SpikeBatch batch(Tick first, const std::vector<std::vector<NeuronId>>& ticks) {
  SpikeBatch b;
  b.first = first;
  b.tick_begin.push_back(0);
  for (const auto& spikes : ticks) {
    b.neurons.insert(b.neurons.end(), spikes.begin(), spikes.end());
    b.tick_begin.push_back(static_cast<std::uint32_t>(b.neurons.size()));
  }
  return b;
}

const std::vector<PopulationInfo> two{{"E", 0, 3}, {"I", 3, 2}};

}  // namespace

TEST_CASE("rate and CV of a train worked out by hand", "[statistics]") {
  // Neuron 0 at ticks 10, 20, 40: intervals 10 and 20, mean 15, sigma 5, CV 1/3. Neuron 1 at 5, 10, 15: CV 0.
  // Neuron 2 at 7 and 9: too few. I: neuron 4 at 40.
  SpikeStatistics statistics(two);
  std::vector<std::vector<NeuronId>> ticks(40);
  for (const Tick t : {10, 20, 40}) ticks[t - 1].push_back(0);
  for (const Tick t : {5, 10, 15}) ticks[t - 1].push_back(1);
  for (const Tick t : {7, 9}) ticks[t - 1].push_back(2);
  ticks[39].push_back(4);
  statistics.take(batch(1, ticks));
  const auto results = statistics.results(100, 0.1);
  REQUIRE(results.size() == 2);
  CHECK(results[0].name == "E");
  CHECK(results[0].spikes == 8);
  CHECK(results[0].rate == Approx(8 / 3.0 / 0.01));
  REQUIRE(results[0].cv_isi);
  CHECK(*results[0].cv_isi == Approx(1.0 / 6));
  CHECK(results[0].cv_neurons == 2);
  CHECK(results[1].spikes == 1);
  CHECK_FALSE(results[1].cv_isi);
  CHECK(statistics.count(0, 1) == 3);
  CHECK(statistics.count(1, 0) == 0);
  CHECK(statistics.count(1, 1) == 1);
}

TEST_CASE("synchrony is variance over mean of a population's counts in whole bins", "[statistics]") {
  // Bins of 5 ticks after tick 10. E has 3, 0, 1 and 2 spikes in (10, 30], in a last bin that is not whole 1 more: mean
  // 1.5, variance 3.5 - 2.25. I has one in each bin.
  std::vector<std::vector<NeuronId>> ticks(33);
  const auto spikes = [&](Tick t, std::vector<NeuronId> neurons) { ticks[static_cast<std::size_t>(t - 1)] = neurons; };
  spikes(10, {0, 1, 2});
  spikes(11, {0, 3});
  spikes(15, {0, 1});
  spikes(16, {4});
  spikes(25, {2, 3});
  spikes(26, {0});
  spikes(30, {0, 4});
  spikes(31, {0, 3});
  SpikeStatistics whole(two, 10, 5), pieces(two, 10, 5);
  whole.take(batch(1, ticks));
  for (std::size_t t = 0; t < ticks.size(); ++t) pieces.take(batch(static_cast<Tick>(t) + 1, {ticks[t]}));
  for (const SpikeStatistics* statistics : {&whole, &pieces}) {
    const auto results = statistics->results(33, 1.0);
    REQUIRE(results[0].synchrony);
    CHECK(*results[0].synchrony == Approx(1.25 / 1.5));
    CHECK(results[1].synchrony == 0.0);
    CHECK(statistics->results(35, 1.0)[0].synchrony == Approx((15.0 / 5 - 1.4 * 1.4) / 1.4));
  }
  CHECK_FALSE(SpikeStatistics(two, 0, 5).results(100, 1.0)[0].synchrony);
  CHECK(synchrony_bin(0.1) == 30);
  CHECK(synchrony_bin(5.0) == 1);
}

TEST_CASE("what was discarded counts neither as a spike nor as the begin of an interval", "[statistics]") {
  SpikeStatistics statistics(two, 10);
  std::vector<std::vector<NeuronId>> ticks(40);
  for (const Tick t : {9, 10, 11, 20, 29}) ticks[t - 1].push_back(0);
  statistics.take(batch(1, ticks));
  const auto e = statistics.results(40, 1.0)[0];
  CHECK(e.spikes == 3);
  CHECK(*e.cv_isi == 0);
  CHECK(e.rate == Approx(3 / 3.0 / 0.03));
  CHECK(SpikeStatistics(two, 10).results(10, 1.0)[0].rate == 0);
}

TEST_CASE("only the populations asked for are observed", "[statistics]") {
  SpikeStatistics statistics({{"C", 6, 2}, {"A", 1, 2}});
  statistics.take(batch(1, {{0, 1, 2, 3, 5, 6, 7, 8}, {0, 7, 9}}));
  const auto results = statistics.results(2, 1.0);
  CHECK(results[0].spikes == 3);
  CHECK(results[1].spikes == 2);
  CHECK(statistics.count(0, 1) == 2);
  CHECK(SpikeStatistics({}).results(10, 0.1).empty());
}

TEST_CASE("batches do not matter, and the sums agree with a plain two-pass calculation", "[statistics]") {
  std::mt19937 random(3);
  std::bernoulli_distribution spikes(0.1);
  std::vector<std::vector<NeuronId>> ticks(2000);
  std::map<NeuronId, std::vector<double>> times;
  for (std::size_t k = 0; k < ticks.size(); ++k) {
    for (NeuronId n = 0; n < 5; ++n) {
      if (!spikes(random)) continue;
      ticks[k].push_back(n);
      times[n].push_back(static_cast<double>(k));
    }
  }
  SpikeStatistics whole(two), pieces(two);
  whole.take(batch(1, ticks));
  for (std::size_t k = 0; k < ticks.size(); k += 16) {
    const auto begin = ticks.begin() + static_cast<std::ptrdiff_t>(k);
    pieces.take(batch(static_cast<Tick>(k) + 1, {begin, begin + 16}));
  }
  double sum = 0;
  for (NeuronId n = 0; n < 3; ++n) {
    std::vector<double> intervals;
    for (std::size_t i = 1; i < times[n].size(); ++i) intervals.push_back(times[n][i] - times[n][i - 1]);
    double mean = 0, variance = 0;
    for (const double x : intervals) mean += x / static_cast<double>(intervals.size());
    for (const double x : intervals) variance += (x - mean) * (x - mean) / static_cast<double>(intervals.size());
    sum += std::sqrt(variance) / mean;
  }
  CHECK(*whole.results(2000, 0.1)[0].cv_isi == Approx(sum / 3).epsilon(1e-12));
  CHECK(*whole.results(2000, 0.1)[0].cv_isi == *pieces.results(2000, 0.1)[0].cv_isi);
  CHECK(whole.results(2000, 0.1)[1].spikes == pieces.results(2000, 0.1)[1].spikes);
}

TEST_CASE("cost of a spike in the statistics", "[.bench][statistics]") {
  constexpr std::uint32_t size = 80'000;
  SpikeStatistics statistics({{"all", 0, size}});
  std::mt19937 random(5);
  std::vector<SpikeBatch> batches;
  std::size_t total = 0;
  for (Tick first = 1; first < 10'000; first += 15) {  // 1 s in windows of 1.5 ms, about 300,000 spikes
    std::vector<std::vector<NeuronId>> ticks(15);
    for (auto& tick : ticks) {
      for (int i = 0; i < 30; ++i) tick.push_back(static_cast<NeuronId>(random() % size));
      std::sort(tick.begin(), tick.end());
      tick.erase(std::unique(tick.begin(), tick.end()), tick.end());
      total += tick.size();
    }
    batches.push_back(batch(first, ticks));
  }
  const auto begin = std::chrono::steady_clock::now();
  for (const SpikeBatch& b : batches) statistics.take(b);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  WARN("statistics: " << total << " spikes, " << time.count() * 1e9 / static_cast<double>(total) << " ns per spike, "
                      << time.count() * 1e3 << " ms per biological second");
  CHECK(time.count() < 0.05);
}

TEST_CASE("the run report is complete, valid JSON, and replaces its predecessor", "[provenance]") {
  namespace fs = std::filesystem;
  const fs::path directory = fs::temp_directory_path() / "rheo_test_provenance";
  fs::remove_all(directory);
  RunReport report;
  report.title = "a title with \xff bytes";
  report.version = "0.1.0";
  report.seed = 18446744073709551615u;
  report.dt = 0.1;
  report.duration = report.simulated = 1000;
  report.simulate_wall_time = 0.5;
  report.host = host_name();
  report.compiler = compiler_name();
  report.started = utc_now();
  report.peak_memory = peak_memory_bytes();
  report.populations = {{"E", 100, 500, 5.0, 0.9, 100}, {"A", 10, 0, 0.0, std::nullopt, 0}};
  report.projections = {{"E_E", 1000, 4000, 1.5, 1.5}};
  report.files = {"spikes.h5"};
  write_run_report(directory, report);
  report.status = RunReport::Status::interrupted;
  write_run_report(directory, report);

  std::ifstream file(directory / "run.json");
  const auto json = nlohmann::ordered_json::parse(file);
  CHECK(json["status"] == "interrupted");
  CHECK(json["seed"] == 18446744073709551615u);
  CHECK(json["real_time_factor"] == 0.5);
  CHECK(json["precision"] == "single");
  CHECK(json["populations"]["E"]["rate_Hz"] == 5.0);
  CHECK(json["populations"]["A"]["cv_isi"].is_null());
  CHECK(json["populations"].begin().key() == "E");  // as declared
  CHECK(json["projections"]["E_E"]["max_delay_ms"] == 1.5);
  CHECK(json["peak_memory_bytes"] > 1'000'000);
  CHECK(json["started"].get<std::string>().size() == 20);
  CHECK_FALSE(fs::exists(directory / "run.json.tmp"));
  fs::remove_all(directory);

  CHECK_THROWS_AS(write_run_report("/proc/nowhere", report), RecordingError);
}

}  // namespace test_statistics
