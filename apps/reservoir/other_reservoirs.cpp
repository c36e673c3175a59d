#include "apps/reservoir/other_reservoirs.hpp"

#include "apps/reservoir/echo_state.hpp"
#include "apps/reservoir/rate_reservoir.hpp"

namespace rheo {

namespace {

double number(const OtherReservoir& how, const char* name, double otherwise) {
  const auto found = how.numbers.find(name);
  return found == how.numbers.end() ? otherwise : found->second;
}

std::size_t count(const OtherReservoir& how, const char* name, std::size_t otherwise) {
  const double x = number(how, name, static_cast<double>(otherwise));
  return x >= 0 && x < 1e9 ? static_cast<std::size_t>(x) : 0;
}

EchoStateParameters echo_state_of(const OtherReservoir& how, std::size_t inputs) {
  EchoStateParameters p;
  p.neurons = how.size;
  p.inputs = inputs;
  p.in_degree = count(how, "indegree", p.in_degree);
  p.spectral_radius = number(how, "spectral_radius", p.spectral_radius);
  p.leak = number(how, "leak", p.leak);
  p.input_scaling = number(how, "input_scale", p.input_scaling);
  return p;
}

RateParameters rate_of(const OtherReservoir& how, std::size_t inputs) {
  RateParameters p;
  p.neurons = how.size;
  p.inputs = inputs;
  p.in_degree = count(how, "indegree", p.in_degree);
  p.excitatory = number(how, "f_E", p.excitatory);
  p.gain = number(how, "c", p.gain);
  p.threshold = number(how, "theta", p.threshold);
  p.balance = number(how, "beta", p.balance);
  p.input_share = number(how, "input_fraction", p.input_share);
  p.input_scaling = number(how, "input_scale", p.input_scaling);
  return p;
}

bool adapts(const OtherReservoir& how) {
  return !how.targets.empty() && how.targets != "none";
}

std::vector<double> targets_of(const OtherReservoir& how, std::uint64_t seed) {
  const double target = number(how, "target", 0.5);
  return how.targets == "beta" ? beta_targets(how.size, std::min(1.0, 2 * target), seed)
                               : equal_targets(how.size, target);
}

}  // namespace

void check_other_reservoir(const OtherReservoir& how, std::size_t inputs) {
  if (how.kind == OtherReservoir::Kind::echo_state) return check(echo_state_of(how, inputs));
  check(rate_of(how, inputs));
  if (adapts(how)) targets_of(how, 0);
}

std::unique_ptr<Reservoir> make_other_reservoir(const OtherReservoir& how, std::uint64_t seed, std::size_t inputs,
                                                const Matrix& adapt) {
  if (how.kind == OtherReservoir::Kind::echo_state)
    return std::make_unique<EchoState>(echo_state_of(how, inputs), seed);
  auto made = std::make_unique<RateReservoir>(rate_of(how, inputs), seed);
  if (!adapts(how)) return made;
  const std::vector<double> targets = targets_of(how, seed);
  const double delta = number(how, "delta", 0.01);
  const std::size_t steps = count(how, "adapt_steps", 1000);
  const RateReservoir::Phase phases[] = {{delta, steps}, {delta / 10, steps}};
  made->adapt(targets, {adapt.data(), static_cast<std::size_t>(adapt.size())}, phases);
  return made;
}

}  // namespace rheo
