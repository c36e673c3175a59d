// Numbers of synapses that depend on source and target: what weight = { by = ".." } may say and docs/connectors.md
// explains.
//
// Each is a struct with described fields:
//   static constexpr const char *name, *summary, *source;
//   static constexpr bool needs_positions = true;        // where pairs must have a distance
//   static constexpr auto fields = rheo::fields(...);
//   void check(const Pairs&) const;                      // what ranges of fields do not say
//   double at(std::uint32_t source, std::uint32_t target, const Pairs&) const;   // with core/math.hpp only
//   Range reach(const Pairs&) const;                     // no number lies outside
#pragma once

#include <utility>
#include <variant>

#include "networks/pairs/by_distance.hpp"
#include "networks/pairs/by_group.hpp"
#include "networks/pairs/by_matrix.hpp"

namespace rheo {

// Whoever adds one writes a file like those above and adds its name here.
template <template <class...> class To>
using ForEachPairValue = To<ByDistance, ByGroup, ByMatrix>;

using AnyPairValue = ForEachPairValue<std::variant>;

struct PairValue {
  AnyPairValue kind = {};

  PairValue() = default;
  explicit PairValue(AnyPairValue numbers) : kind(std::move(numbers)) {}
  template <class K>
  requires is_in_list<K, AnyPairValue> PairValue(K numbers) : kind(std::move(numbers)) {}
};

}  // namespace rheo
