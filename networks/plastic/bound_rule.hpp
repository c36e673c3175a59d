// A rule with the numbers of one projection: its loops, and what they read that never changes.
#pragma once

#include <cstddef>
#include <vector>

#include "networks/plastic/elapsed.hpp"
#include "networks/synapses/block.hpp"
#include "plasticity/library.hpp"

namespace rheo {

template <class Real>
struct BoundRule {
  const rheo_rule_kernels& loops;
  std::vector<std::byte> coefficients;
  std::vector<RuleTrace::Kind> pre, post;  // traces
  Decays<Real> pre_decay, post_decay, column_decay;
  bool elapses;  // something happens to synapses between their events

  explicit BoundRule(const PlasticPlan& plan)
      : loops(plan.rule->kernels(plan.isa, sizeof(Real) == 4 ? Precision::single_ : Precision::double_)),
        coefficients(loops.coefficient_bytes),
        elapses(plan.rule->elapses()) {
    const std::vector<double> params = plan.first_params();
    loops.prepare(params.data(), plan.dt, coefficients.data());
    const auto add = [&](Decays<Real>& all, bool decays, std::size_t param) {
      decays ? all.add(params[param], plan.dt) : all.add_constant();
    };
    const auto add_traces = [&](const std::vector<RuleTrace>& traces, std::vector<RuleTrace::Kind>& kinds,
                                Decays<Real>& all) {
      for (const RuleTrace& trace : traces) {
        kinds.push_back(trace.kind);
        add(all, trace.kind == RuleTrace::Kind::decays, trace.param);
      }
    };
    add_traces(plan.rule->pre, pre, pre_decay);
    add_traces(plan.rule->post, post, post_decay);
    for (std::size_t c = 1; c < plan.rule->columns.size(); ++c)
      add(column_decay, plan.rule->columns[c].decays, plan.rule->columns[c].param);
  }
};

}  // namespace rheo
