#pragma once

#include <cstdint>
#include <optional>

#include "apps/session/run.hpp"
#include "core/parallel.hpp"
#include "io/experiment/experiment.hpp"
#include "io/files/provenance.hpp"

namespace rheo {

// What the report of a run says before the network is built.
RunReport begin_report(const RunOptions& options, const Experiment& experiment, std::optional<std::uint64_t> identity,
                       const Threads& threads);

}  // namespace rheo
