#include <fmt/format.h>

#include <cmath>

#include "core/time.hpp"
#include "io/experiment/field.hpp"

namespace rheo::experiment_file {

namespace {

Names plastic_projections(const NetworkSpec& network) {
  Names names;
  for (const ProjectionSpec& projection : network.projections)
    if (!projection.plasticity.rule.empty()) names.push_back(projection.name);
  return names;
}

// true, false or a list of projections -> those that learn, in the order of the network.
Names read_learning(const Field& field, const NetworkSpec& network) {
  const Names plastic = plastic_projections(network);
  if (field.is(TomlNode::Kind::boolean)) return field.flag() ? plastic : Names();
  const std::string expected = "true, false or a list of plastic projections";
  if (!field.is(TomlNode::Kind::list)) field.reject_kind(expected);
  if (field.node().items.empty()) field.reject("is empty", "false, or at least one projection");
  Names wanted;
  for (const TomlNode& item : field.node().items) {
    const Field entry(item, field.key());
    const std::string& name = entry.text("the name of a plastic projection");
    if (!contains(plastic, name)) {
      const bool is_static = std::any_of(network.projections.begin(), network.projections.end(),
                                         [&](const ProjectionSpec& projection) { return projection.name == name; });
      entry.reject(is_static ? "has no plasticity, so that it cannot learn" : "unknown projection",
                   plastic.empty() ? "a projection with plasticity" : one_of(plastic),
                   is_static ? std::string() : nearest(name, plastic));
    }
    if (contains(wanted, name)) entry.reject("is named twice");
    wanted.push_back(name);
  }
  Names learning;
  for (const std::string& name : plastic)
    if (contains(wanted, name)) learning.push_back(name);
  return learning;
}

}  // namespace

Tick read_ticks(const Field& field, double dt, Tick least) {
  const double ms = field.number({.low = 0, .high = infinity, .unit = "ms"});
  const Tick ticks = ms_to_tick_nearest(ms, dt);
  if (ticks > max_ticks) field.reject(fmt::format("has more than {} ticks", max_ticks));
  if (std::abs(tick_to_ms(ticks, dt) - ms) > 1e-9 * ms || ticks < least)
    field.reject(fmt::format("is no whole number of ticks of {} ms", dt),
                 fmt::format("a multiple of {} (ms){}", dt, least > 0 ? ", not 0" : ""));
  return ticks;
}

void read_phases(const Field& root, Experiment& experiment) {
  const auto phases = root.find("phases");
  if (!phases) return;
  const double dt = experiment.network.dt;
  if (!phases->is(TomlNode::Kind::list)) phases->reject_kind("tables [[phases]] with name and duration");
  if (phases->node().items.empty()) phases->reject("is empty", "at least one table [[phases]]");
  Tick end = experiment.begin;
  for (std::size_t i = 0; i < phases->node().items.size(); ++i) {
    const Field field(phases->node().items[i], fmt::format("phases[{}]", i));
    field.need_table("a table [[phases]] with name and duration");
    field.only({"name", "duration", "plasticity"});
    Phase phase;
    const Field name = field.need("name", "a name such as \"train\"");
    phase.name = name.text("a name such as \"train\"");
    if (!is_name(phase.name)) name.reject("is no name for a phase", "letters, digits, _ and -");
    for (const Phase& other : experiment.phases)
      if (other.name == phase.name) name.reject("is the name of an earlier phase", "another name");
    const Range positive{.low = 0, .high = infinity, .unit = "ms", .above_low = true};
    const Field duration = field.need("duration", positive.text());
    duration.number(positive);
    phase.begin = end;
    phase.end = end += read_ticks(duration, dt, 1);
    if (end > max_ticks) duration.reject(fmt::format("makes more than {} ticks in all", max_ticks));
    const auto learning = field.find("plasticity");
    phase.learning = learning ? read_learning(*learning, experiment.network) : plastic_projections(experiment.network);
    experiment.phases.push_back(std::move(phase));
  }
  const Tick all = end - experiment.begin;
  const double sum = tick_to_ms(all, dt);
  if (experiment.ticks != 0 && experiment.ticks != all)
    root.find("simulation")
        ->find("duration")
        ->reject(fmt::format("is not the {} ms of all phases together", sum),
                 fmt::format("{} (ms), or no duration", sum));
  experiment.ticks = all;
  experiment.duration = sum;
}

}  // namespace rheo::experiment_file
