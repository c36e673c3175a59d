// What a run of many populations costs grows with their number, not with its square.
#include <sys/resource.h>

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "io/spikes/reader.hpp"
#include "tests/apps/command.hpp"

namespace test_many_populations {

namespace {

void write_experiment(const fs::path& file, std::uint32_t populations, std::uint32_t projections) {
  std::ofstream to(file);
  to << "[simulation]\nduration = 20.0\n";
  for (std::uint32_t p = 0; p < populations; ++p)
    to << "[populations.p" << p << "]\nmodel = \"iaf_psc_exp\"\nsize = 1\n";
  for (std::uint32_t p = 0; p < projections; ++p)
    to << "[projections.c" << p << "]\nsource = \"p" << p << "\"\ntarget = \"p" << p + 1
       << "\"\nconnect = { rule = \"one_to_one\" }\nweight = 5000.0\ndelay = 1.5\n";
  to << "[inputs.current]\nkind = \"current\"\ntarget = \"p0\"\namplitude = 1000.0\n[record.spikes]\n";
}

double seconds_of_children() {
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

}  // namespace

TEST_CASE("a run of 200,000 populations takes less than twice its share of what 50,000 take", "[many]") {
  const Scratch scratch;
  const auto seconds_for = [&](std::uint32_t populations, std::uint32_t projections) {
    const fs::path file = scratch / "many.toml", out = scratch / "out";
    write_experiment(file, populations, projections);
    const double before = seconds_of_children();
    Command run(scratch, {"run", file.string(), "--out", out.string(), "--overwrite", "--quiet"});
    REQUIRE(run.end() == 0);
    const double seconds = seconds_of_children() - before;
    const auto said = report(out);
    CHECK(said.at("populations").size() == populations);
    CHECK(said.at("projections").size() == projections);
    const std::string sealed = (out / "spikes.h5").string();
    CHECK(rheo::spike_populations(sealed).size() == populations);
    for (const char* name : {"p0", "p1", "p2"})
      CHECK(rheo::read_spikes(sealed, name).times.size() == said.at("populations").at(name).at("spikes"));
    CHECK(said.at("populations").at("p0").at("spikes") > 0);
    fmt::print("{} populations, {} projections: {:.1f} s, {:.0f} MB\n", populations, projections, seconds,
               said.at("peak_memory_bytes").get<double>() / 1e6);
    return seconds;
  };
  const double few = seconds_for(50'000, 16'000), many = seconds_for(200'000, 64'000);
  CHECK(many < 2 * 4 * few);
}

}  // namespace test_many_populations
