#include "io/sweep/ranges.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"
#include "core/random.hpp"

namespace rheo {

namespace {

using Numbers = std::span<const double>;

std::string problem_of_count(double count) {
  const bool fits = count >= 1 && count <= static_cast<double>(max_sweep_points) && count == std::floor(count);
  return fits ? "" : "count is no whole number from 1 to " + std::to_string(max_sweep_points);
}

std::string problem_of_logarithm(Numbers n) {
  return n[0] > 0 && n[1] > 0 ? "" : "ends must be > 0";
}

std::string problem_of_order(Numbers n) {
  return n[0] < n[1] ? "" : "low is not below high";
}

// The ends are what they are, whatever rounding makes of what lies between.
double at_entry(Numbers n, double entry, double (*between)(Numbers n, double part)) {
  return entry == 0 ? n[0] : entry + 1 == n[2] ? n[1] : between(n, entry / (n[2] - 1));
}

double between_logarithms(Numbers n, double part) {
  return part * (math::log(n[1]) - math::log(n[0]));
}

// Whoever adds a range adds it here.
constexpr SweepRange ranges[] = {
    {"linspace", "[first, last, count]", false, [](Numbers n) { return problem_of_count(n[2]); },
     [](Numbers n, double entry) {
       return at_entry(n, entry, [](Numbers of, double part) { return of[0] + (of[1] - of[0]) * part; });
     }},
    {"logspace", "[first, last, count]", false,
     [](Numbers n) { return problem_of_logarithm(n).empty() ? problem_of_count(n[2]) : problem_of_logarithm(n); },
     [](Numbers n, double entry) {
       return at_entry(n, entry,
                       [](Numbers of, double part) { return of[0] * math::exp(between_logarithms(of, part)); });
     }},
    {"uniform", "[low, high]", true, problem_of_order,
     [](Numbers n, double quantile) { return std::clamp(n[0] + (n[1] - n[0]) * quantile, n[0], n[1]); }},
    {"log_uniform", "[low, high]", true,
     [](Numbers n) { return problem_of_logarithm(n).empty() ? problem_of_order(n) : problem_of_logarithm(n); },
     [](Numbers n, double quantile) {
       const double exponent = math::log(n[0]) + (math::log(n[1]) - math::log(n[0])) * quantile;
       return std::clamp(math::exp(exponent), n[0], n[1]);
     }},
    {"normal", "[mean, sd]", true,
     [](Numbers n) { return std::string(n[1] > 0 ? "" : "the standard deviation is not positive"); },
     [](Numbers n, double quantile) { return n[0] + n[1] * normal_quantile(quantile); }},
};

}  // namespace

std::span<const SweepRange> sweep_ranges() {
  return ranges;
}

}  // namespace rheo
