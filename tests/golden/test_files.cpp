// What the command writes, end to end: checksums of sealed recordings and of a checkpoint, of the weights of layers
// that learn, and the scores of tasks. Files are compared with the deflate of the zlib that wrote the stored
// ones.
//
// RHEO_UPDATE_GOLDEN=1 writes tests/golden/files.txt anew.
#include <zlib.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "io/experiment/identity.hpp"
#include "io/h5/h5.hpp"
#include "tests/apps/command.hpp"
#include "tests/apps/small_network.hpp"
#include "tests/sanitized.hpp"

namespace test_files {

namespace {

const std::string golden_file = RHEO_SOURCE_DIR "/tests/golden/files.txt";
const std::string examples = RHEO_SOURCE_DIR "/examples/";

using Golden = std::map<std::string, std::string>;

Golden read_golden() {
  Golden golden;
  std::ifstream file(golden_file);
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(": "); colon != std::string::npos && line[0] != '#')
      golden[line.substr(0, colon)] = line.substr(colon + 2);
  return golden;
}

// Compares with the stored values of the same kind, or stores them.
void check(const Golden& found, bool are_numbers = false) {
  const char* const update = std::getenv("RHEO_UPDATE_GOLDEN");
  Golden golden = read_golden();
  if (update != nullptr && std::string(update) == "1") {
    for (const auto& [key, value] : found) golden[key] = value;
    std::ofstream file(golden_file);
    file << "# See test_files.cpp. Made with RHEO_UPDATE_GOLDEN=1.\n";
    for (const auto& [key, value] : golden) file << key << ": " << value << "\n";
    CHECK(file.good());
    return;
  }
  for (const auto& [key, value] : found) {
    CAPTURE(key);
    // Sums of matrices of the linear algebra library may be formed in another order by another compiler.
    if (are_numbers)
      CHECK(std::stod(value) == Approx(golden.count(key) == 0 ? -1 : std::stod(golden[key])).epsilon(1e-6));
    else
      CHECK(value == golden[key]);
  }
}

template <class Numbers>
std::string hash_of(const Numbers& numbers) {
  const std::string_view bytes(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(numbers[0]));
  std::ostringstream text;
  text << bytes.size() << " " << std::hex << rheo::fnv_1a(bytes);
  return text.str();
}

void run(const Scratch& scratch, const std::vector<std::string>& words) {
  Command command(scratch, words);
  const int code = command.end();
  INFO(command.err());
  REQUIRE(code == 0);
}

// Every kind of recording, of a network that learns.
const std::string recorded = "[simulation]\nduration = 400.0\nseed = 7\n" +
                             small_network(R"(plasticity = { rule = "stdp_pair", params = { lambda = 0.05 } }
)") + R"([record.spikes]
[record.potentials]
population = "E"
variables = ["V_m"]
every = 0.5
[record.weights]
projection = "excitation"
every = 100.0
)";

}  // namespace

TEST_CASE("sealed recordings and a checkpoint have the checksums of tests/golden/files.txt") {
  const Scratch scratch;
  std::ofstream(scratch / "recorded.toml") << recorded;
  run(scratch, {"run", scratch / "recorded.toml", "--out", scratch / "out", "--quiet", "--checkpoint-at", "200"});
  Golden found;
  const std::string zlib = std::string("zlib ") + zlibVersion() + " ";
  for (const auto& entry : fs::directory_iterator(scratch / "out")) {
    if (entry.path().extension() != ".h5") continue;
    const std::string name = entry.path().filename().string();
    if (name.starts_with("checkpoint")) {
      // Beside them it says who wrote it, and where.
      const rheo::h5::File file = rheo::h5::File::open(entry.path().string());
      for (const char* part : {"state", "statistics"})
        found["checkpoint " + std::string(part)] = hash_of(file.dataset(part).read<std::uint8_t>());
    } else {
      found[zlib + name] = hash_of(bytes_of(entry.path()));
    }
  }
  CHECK(found.size() == 5);
  const Golden golden = read_golden();
  const std::string spikes = zlib + "spikes.h5";
  if (golden.find(spikes) == golden.end() && std::getenv("RHEO_UPDATE_GOLDEN") == nullptr) {
    WARN("no checksums of files are stored for " << zlib);
    std::erase_if(found, [&](const auto& item) { return item.first.starts_with(zlib); });
  }
  check(found);
}

TEST_CASE("layers that learn end with the weights of tests/golden/files.txt") {
  const Scratch scratch;
  // Two tasks of ten batches.
  run(scratch,
      {"continual", examples + "continual/glyphs.toml", "--out", scratch / "out", "--quiet", "--set", "task.seeds=[1]",
       "--set", "task.methods=[\"plain\",\"hlop\"]", "--set", "task.tasks=2", "--set", "task.epochs=1", "--set",
       "task.data.train=640", "--set", "task.data.test=64", "--set", "task.lateral.rows=[[10,10,8],[8,8,8]]"});
  Golden found;
  for (const auto& entry : fs::recursive_directory_iterator(scratch / "out")) {
    if (entry.path().extension() != ".h5") continue;
    const rheo::h5::File file = rheo::h5::File::open(entry.path().string());
    if (!file.has_group("weights") || !file.has_attribute("method")) continue;
    const std::string method = file.text_attribute("method").value();
    for (const char* kind : {"weights", "lateral"}) {
      const rheo::h5::Group group = file.group(kind);
      for (const std::string& name : group.list()) {
        const auto values = group.dataset(name).read<float>();
        found[method + " " + kind + " " + name] = hash_of(values);
      }
    }
  }
  CHECK(found.size() >= 9);
  check(found);
}

TEST_CASE("tasks have the scores of tests/golden/files.txt") {
  if (sanitized) return;  // minutes
  const Scratch scratch;
  Golden found;
  const auto text_of = [](double x) {
    std::ostringstream text;
    text.precision(12);
    text << x;
    return text.str();
  };
  const auto words = [&](const char* verb, const std::string& name, const std::vector<std::string>& settings) {
    std::vector<std::string> all{verb, examples + "reservoir/" + name + ".toml", "--out", scratch / name, "--quiet"};
    for (const std::string& setting : settings) all.insert(all.end(), {"--set", setting});
    return all;
  };
  const auto scores = [&](const std::string& name, std::vector<std::string> settings) {
    settings.emplace_back("simulation.seed=3");
    run(scratch, words("run", name, settings));
    const auto told = nlohmann::json::parse(bytes_of(scratch / name / "run.json"));
    for (const auto& [score, value] : told["scores"].items()) found[name + " " + score] = text_of(value.get<double>());
  };
  scores("narma10", {"data.narma.split={washout=100,train=400,validate=100,test=200}"});
  scores("sines", {"data.sine.split={washout=200,train=500,validate=100,test=100}"});
  scores("rate_adapted", {"data.series.split={adapt=200,washout=100,train=400,validate=100,test=200}"});
  run(scratch, words("reservoir", "what_when", {"task.seeds=[3]", "task.block=2"}));
  const auto results = nlohmann::json::parse(bytes_of(scratch / "what_when" / "results.json"));
  for (const auto& [score, value] : results["scores"].items())
    found["what_when " + score] = text_of(value["mean"].get<double>());
  CHECK(found.size() > 10);
  check(found, true);
}

}  // namespace test_files
