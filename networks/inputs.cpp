#include "networks/inputs.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "core/diagnostics.hpp"
#include "networks/inputs/kind_of.hpp"

namespace rheo {

namespace {

// The weights of one sign, those of the other being 0; empty where there is none of this sign.
std::vector<double> of_sign(std::vector<double> weights, bool negative) {
  bool any = false;
  for (double& w : weights) {
    any = any || (w < 0) == negative;
    if ((w < 0) != negative) w = 0;
  }
  if (!any) weights.clear();
  return weights;
}

}  // namespace

void build_input(const CheckedSpec& plan, const InputSpec& input, Isa isa, const SignalBoard* signals,
                 std::vector<std::unique_ptr<Input>>& inputs) {
  const std::string key = "inputs." + input.name;
  const InputKind& kind = *input.kind;
  InputEnds ends = plan.ends_of(input);
  ends.isa = isa;
  ends.signals = signals;
  const Value* const weight = kind.weight();
  const auto weights = within(key, [&] { return weight ? ends.draw("weight", *weight) : std::vector<double>(); });
  const MakeInput make = within(key, [&] { return kind.prepare(ends); });
  InputPart part;
  part.where.first = std::min(ends.ticks(input.start), never - 1) + 1;
  part.where.last = input.stop ? ends.ticks(*input.stop) : never;
  for (const Selection& selection : input.target) {
    std::tie(part.where.population, part.where.range) = plan.resolve(selection, key + ".target");
    // A weight's sign may choose its port, so that each sign is an input of its own.
    for (const bool negative : {false, true}) {
      part.weights = of_sign(part.of(weights), negative);
      if (weight == nullptr ? negative : part.weights.empty()) continue;
      part.where.port = plan.port(part.where.population, kind.port(), negative, key + ".target");
      if (negative && plan.is_conductance(part.where.population, part.where.port)) {
        if (part.where.port == 0)
          reject(key + ".weight", {}, "negative, at the excitatory port of a conductance",
                 "weights >= 0, or no port, so that the sign chooses it");
        for (double& w : part.weights) w = -w;
      }
      inputs.push_back(make(part));
    }
    part.offset += part.where.range.count();
  }
}

void check_draws_of_input(const CheckedSpec& plan, const InputSpec& input, Isa isa) {
  InputEnds ends = plan.ends_of(input);
  ends.isa = isa;
  within("inputs." + input.name, [&] {
    if (const Value* const weight = input.kind->weight(); weight != nullptr) ends.draw("weight", *weight);
    input.kind->prepare(ends);
  });
}

}  // namespace rheo
