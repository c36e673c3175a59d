#include "io/experiment_network.hpp"

namespace rheo {

CheckedNetwork check_network(Experiment& experiment) {
  try {
    CheckedNetwork checked = Network::check(experiment.network);
    for (const Complaint& warning : checked.warnings)
      experiment.warnings.push_back(to_message(locate(warning, experiment)));
    return checked;
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), experiment));
  }
}

void check_draws(const Experiment& experiment) {
  try {
    Network::check_draws(experiment.network);
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), experiment));
  }
}

Network build_network(const Experiment& experiment, const Threads& threads) {
  try {
    return Network(experiment.network, threads);
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), experiment));
  }
}

}  // namespace rheo
