// Projections and signals with their names resolved; no synapse is drawn yet.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "networks/checked_spec.hpp"
#include "networks/connect/connector.hpp"
#include "networks/plastic/signals.hpp"
#include "networks/synapses/builder.hpp"

namespace rheo {

// A projection with its names resolved.
struct ResolvedProjection {
  ProjectionPlan plan;
  std::unique_ptr<Connector> connector;
  std::uint32_t targets = 0;
};

// Throws BuildError where rule, positions or plasticity cannot be met.
ResolvedProjection resolve_projection(const NetworkSpec& spec, const CheckedSpec& plan,
                                      const ProjectionSpec& projection);

std::vector<SignalPlan> plan_signals(const NetworkSpec& spec, const CheckedSpec& plan,
                                     const std::vector<ResolvedProjection>& projections);

}  // namespace rheo
