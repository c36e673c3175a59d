// What the steps of an expression compute.
#include <algorithm>
#include <cassert>

#include "core/expression.hpp"
#include "core/math.hpp"

namespace rheo {

namespace {

// a^n for a whole number n, by squaring.
double whole_power(double a, double n) {
  double product = 1, square = a;
  for (auto left = static_cast<unsigned>(n < 0 ? -n : n); left != 0; left >>= 1, square *= square)
    if ((left & 1) != 0) product *= square;
  return n < 0 ? 1 / product : product;
}

}  // namespace

double Expression::compute_function(Op op, double a) {
  double sine = 0, cosine = 0;
  constexpr double turns = 0.15915494309189535;  // 1 / (2 pi)
  switch (op) {
    case Op::absolute:
      return a < 0 ? -a : a == 0 ? 0 : a;
    case Op::square_root:
      return math::sqrt(a);
    case Op::exponential:
      return math::exp(a);
    case Op::logarithm:
      return math::log(a);
    case Op::log1p:
      return math::log1p(a);
    case Op::expm1:
      return math::expm1(a);
    case Op::exprel:
      return a == 0 ? 1 : math::expm1(a) / a;
    case Op::sine:
    case Op::cosine:
      math::sin_cos_2pi(a * turns, sine, cosine);
      return op == Op::sine ? sine : cosine;
    case Op::tanh:
      return math::tanh(a);
    case Op::floor:
      return __builtin_floor(a);
    default:
      assert(op == Op::truncate);
      return __builtin_trunc(a);
  }
}

double Expression::compute(Op op, double a, double b, double c) {
  const auto either = [&](double chosen) { return a != a ? a : b != b ? b : chosen; };
  switch (op) {
    case Op::add:
      return a + b;
    case Op::subtract:
      return a - b;
    case Op::multiply:
      return a * b;
    case Op::divide:
      return a / b;
    case Op::negate:
      return -a;
    case Op::power:
      return math::pow(a, b);
    case Op::whole_power:
      return whole_power(a, b);
    case Op::less:
      return a < b;
    case Op::less_equal:
      return a <= b;
    case Op::equal:
      return a == b;
    case Op::not_equal:
      return a != b;
    case Op::logical_and:
      return a != 0 && b != 0;
    case Op::logical_or:
      return a != 0 || b != 0;
    case Op::logical_not:
      return a == 0;
    case Op::select:
      return a != 0 ? b : c;
    case Op::minimum:
      return either(b < a ? b : a);
    case Op::maximum:
      return either(b > a ? b : a);
    default:
      return compute_function(op, a);
  }
}

void Expression::evaluate(std::span<const std::span<const double>> values, std::span<double> to,
                          Scratch& scratch) const {
  assert(values.size() == references_.size());
  const std::size_t known = references_.size() + constants_.size(), width = to.size();
  scratch.numbers.resize(steps_.size() * width);
  scratch.widths.resize(steps_.size());
  static constexpr double none = 0;
  // Where a value stands, and whether it is one for all.
  const auto find = [&](std::uint32_t which) -> std::span<const double> {
    if (which == nothing) return {&none, 1};
    if (which < references_.size()) return values[which];
    if (which < known) return {&constants_[which - references_.size()], 1};
    return {scratch.numbers.data() + (which - known) * width, scratch.widths[which - known]};
  };
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    const Step& step = steps_[s];
    const std::span<const double> a = find(step.a), b = find(step.b), c = find(step.c);
    const std::size_t n = std::max({a.size(), b.size(), c.size()});
    double* const out = scratch.numbers.data() + s * width;
    const std::size_t next_a = a.size() > 1, next_b = b.size() > 1, next_c = c.size() > 1;
    for (std::size_t i = 0; i < n; ++i) out[i] = compute(step.op, a[i * next_a], b[i * next_b], c[i * next_c]);
    scratch.widths[s] = n;
  }
  const std::span<const double> result = find(result_);
  for (std::size_t i = 0; i < width; ++i) to[i] = result[result.size() > 1 ? i : 0];
}

}  // namespace rheo
