// Inputs of every kind, written as SONATA and read again.
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "io/experiment/experiment.hpp"
#include "io/experiment/network.hpp"
#include "io/sonata/network_writer.hpp"
#include "io/sonata/sonata.hpp"
#include "networks/inputs/kinds.hpp"
#include "tests/files.hpp"

namespace test_input_export {

using namespace rheo;

namespace {

// All needed keys of each kind, and some with defaults.
const std::map<std::string, std::string> keys_of{
    {"poisson", "rate = [1.0, 2.0]\ndelay = 1.5\nport = \"in\"\nprofile = { amplitude = 0.5, frequency = 10.0 }\n"},
    {"spikes", "times = [[1.0, 2.0], [3.0]]\nweight = [0.5, -0.5]\nstart = 1.5\n"},
    {"current", "amplitude = { normal = [3.0, 1.0] }\nstop = 50.0\n"},
    {"steps", "times = [1.0, 2.0]\nvalues = [3.0, -4.0]\nshape = \"ramps\"\nperiod = 4.0\namplitude = 2.0\n"},
    {"sine", "amplitude = 3.0\nfrequency = 10.0\nphase = 90.0\n"},
    {"noise", "deviation = 3.0\nevery = 0.5\n"},
    {"pulse_packet", "times = [5.0, 15.0]\nspikes = 20\nsd = 1.0\nshared = true\n"}};

// All that it says, on one line.
std::string text_of(const InputSpec& input) {
  std::string text(input.kind->name());
  const auto kind = input.kind->clone();
  for (const KindField& field : kind->fields()) {
    text += " " + field.name + "=" + value_text(field);
    if (const auto* const value = std::get_if<Value*>(&field.member))
      if (const auto* const list = std::get_if<std::vector<double>>(*value))
        for (const double x : *list) text += "," + std::to_string(x);
    if (const auto* const trains = std::get_if<std::shared_ptr<const SpikeTrains>*>(&field.member); trains && **trains)
      for (const double time : (**trains)->times) text += "," + std::to_string(time);
    if (const auto* const profile = std::get_if<Profile*>(&field.member))
      for (const KindField& part : fields_of_profile(**profile)) text += " " + value_text(part);
  }
  return text + " from " + std::to_string(input.start) + " to " + std::to_string(input.stop.value_or(-1));
}

}  // namespace

TEST_CASE("inputs of every kind go through SONATA and back", "[inputs][sonata]") {
  const Scratch folder;
  std::string text = "[simulation]\nduration = 10.0\n[populations.E]\nmodel = \"iaf_psc_exp\"\nsize = 2\n";
  for (const auto& kind : input_kinds()) {
    const std::string name(kind->name());
    text += "[inputs." + name + "]\nkind = \"" + name + "\"\ntarget = \"E\"\n" + keys_of.at(name);
  }
  std::ofstream(folder / "experiment.toml") << text;
  Experiment given = parse_experiment((folder / "experiment.toml").string());
  Network network = build_network(given, Threads(1));
  fs::create_directory(folder / "sonata");
  write_network(folder / "sonata", given, network);
  const Experiment read = read_sonata_config(folder / "sonata" / "config.json");
  REQUIRE(read.network.inputs.size() == input_kinds().size());
  for (std::size_t i = 0; i < read.network.inputs.size(); ++i)
    CHECK(text_of(read.network.inputs[i]) == text_of(given.network.inputs[i]));
}

}  // namespace test_input_export
