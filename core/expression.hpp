// Scalar expressions as text, such as "if(event == channel, exp(-((t - latency) / 20)^2), 0)": parsed once, then
// computed for many items side by side in double precision.
//
// Grammar, from what binds least to what binds most:
//     a or b     a and b     not a     a < b, <=, >, >=, ==, !=     a + b, a - b     a * b, a / b     -a, +a     a^b
// Powers group from the right and bind more than a sign in front of them (-x^2 is -(x^2), x^-1 is allowed), all others
// from the left; comparisons do not chain. Then numbers, names, name[0] for one number of several, brackets, and
//     if(c, a, b)  min(a, b, ..)  max(a, b, ..)  clip(x, low, high)  abs  sqrt  exp  log  log1p  expm1  exprel  sin cos
//     tanh  floor  int (towards 0; of a comparison: 1 or 0)
// What a comparison gives is no number, and a number is no condition; `if` takes neither for the other. x^n with a
// whole number n, |n| <= 64, is a product (computed by squaring), any other power math::pow, which is not a number for
// x < 0. min, max and clip are not a number where an argument is not. exprel(x) = (e^x - 1) / x, 1 at 0.
//
// Equal parts are computed once; each operation is computed as it is written, by core/math.hpp, so that the bits are
// the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rheo {

class Expression {
 public:
  // What names stand for: numbers that are given to evaluate(), or constants. The first of equal names counts.
  struct Names {
    std::vector<std::string> variables;
    std::vector<std::pair<std::string, double>> constants = {};
  };
  // A variable that the text names, or one number of it.
  struct Reference {
    std::size_t variable = 0;  // of Names::variables
    std::optional<std::uint32_t> channel = {};
    bool operator==(const Reference&) const = default;
  };

  // Throws BuildError without a key: the text as value, and the column of what is wrong in it. Columns count from 1.
  Expression(const std::string& text, const Names& names);

  const std::vector<Reference>& references() const { return references_; }
  // The number that it is whatever its variables are, where it has none.
  std::optional<double> constant() const;

  // Computes all of `to`. values[k]: of references()[k], one for all items, or one for each of `to`. Concurrent calls
  // need a scratch each.
  struct Scratch {
    std::vector<double> numbers;
    std::vector<std::size_t> widths;
  };
  void evaluate(std::span<const std::span<const double>> values, std::span<double> to, Scratch& scratch) const;

 private:
  friend class ExpressionParser;
  enum class Op : std::uint8_t {
    add,
    subtract,
    multiply,
    divide,
    negate,
    power,
    whole_power,
    less,
    less_equal,
    equal,
    not_equal,
    logical_and,
    logical_or,
    logical_not,
    select,
    minimum,
    maximum,
    absolute,
    square_root,
    exponential,
    logarithm,
    log1p,
    expm1,
    exprel,
    sine,
    cosine,
    tanh,
    floor,
    truncate
  };
  static constexpr std::uint32_t nothing = 0xffffffffu;
  // Operands are numbers of values: references, then constants, then the results of steps.
  struct Step {
    Op op;
    std::uint32_t a = nothing, b = nothing, c = nothing;
    bool operator==(const Step&) const = default;
  };
  static double compute(Op op, double a, double b, double c);
  static double compute_function(Op op, double a);

  std::vector<Reference> references_;
  std::vector<double> constants_;
  std::vector<Step> steps_;
  std::uint32_t result_ = 0;
};

}  // namespace rheo
