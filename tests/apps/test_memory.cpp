// What rheo validate says of memory, beside what rheo run then needed.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/apps/command.hpp"
#include "tests/sanitized.hpp"

namespace test_memory {

namespace {

struct Case {
  const char* what;
  double duration;
  const char* experiment;
};

// Each of some 100 MB, so that what the process takes by itself matters little.
const Case cases[] = {
    {"many neurons", 3, R"([populations.E]
model = "iaf_psc_exp"
size = 2000000
)"},
    {"parameters of each neuron", 3, R"([populations.E]
model = "iaf_psc_exp"
size = 1000000
params = { tau_m = { uniform = [10.0, 20.0] }, V_th = { normal = [-50.0, 1.0] } }
initial = { V_m = { uniform = [-70.0, -60.0] } }
)"},
    {"an input whose rate differs", 3, R"([populations.E]
model = "iaf_psc_exp"
size = 10000
[inputs.noise]
kind = "poisson"
target = "E"
rate = { uniform = [1000.0, 2000.0] }
weight = 1.0
)"},
    {"one weight, one delay", 3, R"([populations.E]
model = "iaf_psc_exp"
size = 20000
[projections.recurrent]
source = "E"
target = "E"
connect = { rule = "fixed_indegree", indegree = 2000 }
weight = 1.0
delay = 1.5
)"},
    {"weights and delays of each synapse", 3, R"([populations.E]
model = "iaf_psc_exp"
size = 20000
[projections.recurrent]
source = "E"
target = "E"
connect = { rule = "fixed_indegree", indegree = 1000 }
weight = { uniform = [1.0, 2.0] }
delay = { uniform = [1.0, 200.0] }
)"},
    {"synapses that learn", 3, R"([populations.E]
model = "iaf_psc_exp"
size = 20000
[projections.recurrent]
source = "E"
target = "E"
connect = { rule = "fixed_indegree", indegree = 1000 }
weight = 1.0
delay = 1.5
plasticity = { rule = "stdp_pair", params = { w_max = 2.0 } }
)"},
    {"potentials of all neurons", 20, R"([populations.E]
model = "iaf_psc_exp"
size = 300000
[record.potential]
population = "E"
variables = ["V_m"]
)"},
};

double megabytes(const std::string& said) {
  const auto at = said.find("memory      about ");
  REQUIRE(at != std::string::npos);
  std::istringstream words(said.substr(at + 18));
  double number = 0;
  std::string unit;
  words >> number >> unit;
  REQUIRE((unit == "MB" || unit == "GB"));
  return unit == "GB" ? 1000 * number : number;
}

}  // namespace

TEST_CASE("rheo validate says how much memory rheo run will need") {
  if (sanitized) {
    WARN("skipped: a sanitizer needs memory of its own");
    return;
  }
  const Scratch scratch;
  for (const Case& one : cases) {
    INFO(one.what);
    const std::string file = (scratch / "net.toml").string(), out = (scratch / "out").string();
    std::ofstream(file) << "[simulation]\nduration = " << one.duration << "\n" << one.experiment;
    Command validate(scratch, {"validate", file});
    REQUIRE(validate.end() == 0);
    const double promised = megabytes(validate.out());
    Command run(scratch, {"run", file, "--out", out, "--overwrite", "--quiet"});
    REQUIRE(run.end() == 0);
    const double needed = report(out).at("peak_memory_bytes").get<double>() / 1e6;
    CAPTURE(promised, needed);
    // Less is needed where the system gives no huge pages, or where the disk is fast. The unit test of the same is
    // strict.
    CHECK(promised > 0.9 * needed);
    CHECK(promised < 1.5 * needed);
  }
}

}  // namespace test_memory
