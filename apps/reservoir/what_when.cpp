#include "apps/reservoir/trial.hpp"
namespace rheo {
Trial run_what_when(const Experiment&, const Task&, std::uint64_t) {
  return {};
}
}  // namespace rheo
