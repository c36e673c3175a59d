// What every file of a signal's kind includes: it makes a SignalKind of a described struct with
//   static constexpr const char *name, *summary, *source;
//   static constexpr auto fields = rheo::fields(...);
//   void check(const SignalEnds&) const;                // what ranges of fields do not say
//   SignalPlan plan(const SignalEnds&) const;           // once checked: how the board makes it
//   std::optional<double> constant() const;             // may be missing: the number that it is in every tick
// Fields that others ask for by their names: `width`, `source`, `projection`, `values`, `tau`, `baseline`.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "networks/description/identity.hpp"
#include "networks/description/signal.hpp"
#include "networks/description/spec.hpp"
#include "networks/description/values.hpp"
#include "networks/plastic/signals.hpp"

namespace rheo {

// What a kind has to know of its network.
struct SignalEnds {
  const NetworkSpec& network;
  std::string_view name;
  // The neurons of selections with the rows that they count as.
  std::function<std::vector<SourceRange>(const std::vector<Selection>&)> rows = {};

  RandomKey key(std::string_view use) const { return random_key(network.seed, name, use); }
};

// Fields that several kinds have.
namespace signal_fields {

template <class K>
constexpr auto baseline(double K::*baseline, std::string_view meaning) {
  return field("baseline", baseline, "", meaning);
}
template <class K>
constexpr auto table(std::vector<double> K::*times, TimedValues K::*values, std::string_view times_allowed,
                     Range range) {
  return fields(needed(in_words(field("times", times, "ms", "each in a tick of its own", range), {}, times_allowed)),
                needed(in_words(field("values", values, "", "a number for each time, or a list of numbers"), {},
                                "a list with one value, or one list of values, per time")));
}

}  // namespace signal_fields

// The ticks of a table's times; tick_of gives that of one. Throws BuildError where two have the same, or `values` has
// not as many rows; ascending: what times should be.
std::vector<Tick> ticks_of_table(const std::vector<double>& times, const TimedValues& values, const char* ascending,
                                 const std::function<Tick(double)>& tick_of);

template <class K>
class SignalKind::Of final : public DescribedAs<SignalKind, K> {
 public:
  using DescribedAs<SignalKind, K>::DescribedAs;
  std::string identity() const override {
    // What the first kinds say of themselves stands in states that were saved before kinds had names.
    if constexpr (requires { K::number; }) {
      const double* const tau = this->template find<double>("tau");
      return fmt::format("{} tau {} width {}", K::number, tau == nullptr ? 0 : *tau, this->width());
    } else {
      K same = this->numbers();
      return std::string(K::name) + identity_of(fields_of(same));
    }
  }
  void check(const SignalEnds& ends) const override { this->numbers().check(ends); }
  std::optional<double> constant() const override {
    if constexpr (requires { this->numbers().constant(); })
      return this->numbers().constant();
    else
      return std::nullopt;
  }
  SignalPlan plan(const SignalEnds& ends) const override {
    SignalPlan made = this->numbers().plan(ends);
    made.name = ends.name;
    made.width = std::max(made.width, this->width());
    if (const double* const baseline = this->template find<double>("baseline")) made.baseline = *baseline;
    return made;
  }
};

}  // namespace rheo
