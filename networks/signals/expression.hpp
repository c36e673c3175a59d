// Numbers that follow from other signals and from time, as text.
#pragma once

#include "core/expression.hpp"
#include "networks/signals/kind_of.hpp"

namespace rheo {

struct ExpressionSignal {
  std::string value = {};
  std::uint32_t width = 1;

  static constexpr const char* name = "expression";
  static constexpr const char* summary = "A function of other signals and of time, computed in each tick.";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(needed(in_words(field("value", &ExpressionSignal::value, "", "the function, as text"), {},
                                   "an expression such as \"1 + tanh(reward - 0.5)\"")),
                   field("width", &ExpressionSignal::width, "", "how many numbers", {1, 4294967294.0}));

  void check(const SignalEnds& ends) const { parsed(ends); }
  SignalPlan plan(const SignalEnds& ends) const {
    return {.made_by = SignalPlan::By::expression, .expression = std::make_shared<const Expression>(parsed(ends))};
  }

 private:
  Expression parsed(const SignalEnds& ends) const {
    return within("value", [&] { return Expression(value, SignalPlan::names_for(names_in(ends.network.signals))); });
  }
};

}  // namespace rheo
