// The distributions that numbers are drawn from: what the experiment file may say and what docs/experiment.md lists.
//
// A distribution is a struct with described fields, in the order of the experiment file's list, { normal = [mean, sd]
// }:
//   static constexpr const char *name, *summary, *source;   // source: where the definition is from; may be empty
//   static constexpr auto fields = rheo::fields(...);        // numbers, or one list of them
//   std::string problem() const;                 // what ranges of fields do not say; empty: nothing
//   double draw(RandomStream&) const;            // with core/math.hpp only: the same bits everywhere
//   Range reach(double deviations) const;        // draws lie so far out as normal ones by so many deviations; without
//                                                // tails it is the same for all
//   double expected() const;
//   double distinct() const;                     // how many different numbers it can draw; may be infinite
//   double share_below(double x) const;          // of the draws; for estimates of memory
// and may have draw_many(key, index, first, to), where many draws at once are faster.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "core/description.hpp"
#include "networks/distributions/beta.hpp"
#include "networks/distributions/choice.hpp"
#include "networks/distributions/exponential.hpp"
#include "networks/distributions/integers.hpp"
#include "networks/distributions/lognormal.hpp"
#include "networks/distributions/normal.hpp"
#include "networks/distributions/uniform.hpp"

namespace rheo {

// Whoever adds a distribution writes a file like those above and adds its name here.
template <template <class...> class To>
using ForEachDistribution = To<Uniform, Normal, Lognormal, Integers, Choice, Exponential, Beta>;

using AnyDistribution = ForEachDistribution<std::variant>;

// One of them with its numbers, and the limits that all may have.
struct Distribution {
  AnyDistribution kind = {};
  // Values outside are drawn again (never clipped); at most 1000 times, then it is a BuildError.
  std::optional<double> min = {}, max = {};

  Distribution() = default;
  explicit Distribution(AnyDistribution numbers) : kind(std::move(numbers)) {}
  template <class K>
  requires is_in_list<K, AnyDistribution> Distribution(K numbers, std::optional<double> least = {},
                                                       std::optional<double> most = {})
      : kind(std::move(numbers)), min(least), max(most) {}
};

}  // namespace rheo
