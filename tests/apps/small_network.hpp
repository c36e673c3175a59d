// A network of neurons that spike often, for experiment files of tests.
#pragma once

#include <string>

// Without duration and recordings; excitation and inhibition: further lines of these projections.
inline std::string small_network(const std::string& excitation = "", const std::string& inhibition = "") {
  return R"([populations.E]
model = "iaf_psc_alpha"
size = 120
initial = { V_m = { uniform = [-70.0, -56.0] } }
[populations.I]
like = "E"
size = 30
[inputs.background]
kind = "poisson"
target = ["E", "I"]
rate = 9000.0
weight = 40.0
[projections.excitation]
source = "E"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 12 }
weight = { uniform = [10.0, 30.0] }
delay = { uniform = [0.5, 5.0] }
)" + excitation +
         R"([projections.inhibition]
source = "I"
target = ["E", "I[0:25]"]
connect = { rule = "bernoulli", p = 0.1 }
weight = -100.0
)" + inhibition;
}
