// Damaged experiment files: parsed, checked, and what is small enough is built and run for a few ticks.
#include <algorithm>
#include <filesystem>

#include "io/experiment/experiment.hpp"
#include "io/sweep/sweep.hpp"
#include "networks/network.hpp"
#include "tests/fuzz/damage.hpp"

int main(int argc, char** argv) {
  const std::filesystem::path folder = fuzz::scratch("rheo_fuzz_experiment");
  std::filesystem::create_directories(folder);
  const auto seeds = fuzz::seeds_below({"examples", "tests/fuzz/seeds"});
  const std::filesystem::path file = folder / "experiment.toml";
  std::uint64_t built = 0;
  const int result = fuzz::run(argc, argv, folder, [&](fuzz::Dice& dice, std::uint64_t) {
    const std::string text = fuzz::damaged(dice, seeds);
    fuzz::write(file, text);
    if (rheo::has_sweep(file.string())) {
      const rheo::Sweep sweep(file.string());
      for (std::uint64_t point = 0; point < std::min<std::uint64_t>(sweep.size(), 20); ++point) sweep.hash(point);
      sweep.check(0.05);
    }
    const rheo::Experiment experiment = rheo::parse_experiment(file.string(), {});
    rheo::Network::check(experiment.network);
    std::uint64_t neurons = 0;
    for (const auto& population : experiment.network.populations) neurons += population.size;
    if (neurons > 300 || !fuzz::is_small(text)) return true;
    ++built;
    rheo::Network network(experiment.network, rheo::Threads(1));
    network.simulation().run(20);
    return true;
  });
  std::cout << built << " were built and run" << std::endl;
  if (result == 0) std::filesystem::remove_all(folder);
  return result == 0 && built == 0 ? 1 : result;
}
