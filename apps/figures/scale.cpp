#include "apps/figures/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/math.hpp"

namespace rheo::figures {
namespace {

double power_of_ten(int exponent) {
  double power = 1;  // exact up to 10^22
  for (int i = 0; i < std::abs(exponent); ++i) power *= 10;
  return exponent < 0 ? 1 / power : power;
}

double log10_of(double value) {
  return math::log(value) / 2.302585092994046;
}

// The exponent of a positive number: 10^e <= value < 10^(e+1).
int exponent_of(double value) {
  int e = static_cast<int>(std::floor(log10_of(value)));
  while (power_of_ten(e) > value) --e;
  while (power_of_ten(e + 1) <= value) ++e;
  return e;
}

// k m 10^e, rounded once.
double decimal(double k, int m, int e) {
  return e < 0 ? k * m / power_of_ten(-e) : k * m * power_of_ten(e);
}

struct Step {
  int m = 1, e = 0;  // m 10^e with m 1, 2 or 5
};

Step step_of(double range, std::size_t at_most) {
  const double raw = range / static_cast<double>(std::max<std::size_t>(1, at_most));
  const int e = exponent_of(raw);
  for (const int m : {1, 2, 5})
    if (decimal(1, m, e) >= raw * (1 - 1e-9)) return {m, e};
  return {1, e + 1};
}

std::string power_text(int exponent) {
  static constexpr std::array<const char*, 10> raised{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = exponent < 0 ? "10⁻" : "10";
  for (const char digit : std::to_string(std::abs(exponent))) text += raised[static_cast<std::size_t>(digit - '0')];
  return text;
}

void label_linear(Scale& scale, std::size_t at_most) {
  const std::vector<double> values = linear_ticks(scale.low, scale.high, at_most);
  const double size = std::max(std::abs(scale.low), std::abs(scale.high));
  const int magnitude = exponent_of(size);
  const int shared = magnitude >= 5 || magnitude < -3 ? magnitude : 0;  // written once, at the axis label
  const int decimals = std::max(0, shared - step_of(scale.high - scale.low, at_most).e);
  for (const double value : values) {
    std::string text =
        fmt::format("{:.{}f}", shared < 0 ? value * power_of_ten(-shared) : value / power_of_ten(shared), decimals);
    scale.ticks.push_back({value, text.front() == '-' ? "−" + text.substr(1) : text});
  }
  if (shared != 0)
    scale.label += (scale.label.empty() ? "×" : " (×") + power_text(shared) + (scale.label.empty() ? "" : ")");
}

void label_log(Scale& scale, std::size_t at_most) {
  const std::vector<double> values = log_ticks(scale.low, scale.high, at_most);
  const bool plain = scale.low >= 0.9e-3 && scale.high < 1.1e4;
  bool decades_only = true;
  for (const double value : values) {
    const int e = exponent_of(value);
    const double mantissa = e < 0 ? value * power_of_ten(-e) : value / power_of_ten(e);
    const bool decade = std::abs(mantissa - 1) < 1e-9;
    decades_only &= decade;
    scale.ticks.push_back({value, plain    ? fmt::format("{:.6g}", value)
                                  : decade ? power_text(e)
                                           : fmt::format("{:.6g}×{}", mantissa, power_text(e))});
  }
  const int first = exponent_of(scale.low), last = exponent_of(scale.high);
  if (!decades_only || last - first > static_cast<int>(at_most)) return;
  for (int e = first; e <= last; ++e) {
    for (int m = 2; m < 10; ++m) {
      const double value = decimal(1, m, e);
      if (value > scale.low && value < scale.high) scale.small_ticks.push_back(value);
    }
  }
}

}  // namespace

bool drawable(double value) {
  return std::abs(value) <= 1e300;
}

void Extent::add(double value, bool log) {
  if (!drawable(value) || (log && value < 1e-300)) return;
  low = std::min(low, value);
  high = std::max(high, value);
}

double Scale::operator()(double value) const {
  if (!drawable(value) || (log && value < 1e-300)) return std::numeric_limits<double>::quiet_NaN();
  const double part =
      log ? (log10_of(value) - log10_of(low)) / (log10_of(high) - log10_of(low)) : (value - low) / (high - low);
  return (upwards ? 1 - part : part) * pixels;
}

Scale scale_of(const Axis& axis, Extent extent, bool from_zero, std::size_t at_most) {
  Scale scale{axis.log};
  scale.label = axis.label;
  if (from_zero && !axis.log) extent.add(0);
  double low = extent.low, high = extent.high;
  if (extent.empty()) {
    low = axis.log ? 1 : 0;
    high = axis.log ? 10 : 1;
  } else if (axis.log) {
    const double air = high > low * (1 + 1e-9) ? math::exp(0.04 * (math::log(high) - math::log(low))) : 2;
    low = std::max(low / air, 1e-300);
    high *= air;
  } else {
    const double size = std::max(std::abs(low), std::abs(high));
    const double air = high - low > 1e-9 * size ? 0.04 * (high - low) : size > 1e-300 ? 0.5 * size : 0.5;
    low -= from_zero && low == 0 ? 0 : air;
    high += from_zero && high == 0 && extent.low != 0 ? 0 : air;
  }
  const auto usable = [&](const std::optional<double>& end) {
    return end && drawable(*end) && (!axis.log || *end >= 1e-300);
  };
  if (usable(axis.low)) low = *axis.low;
  if (usable(axis.high)) high = *axis.high;
  // Two ends of which one was asked for may have met.
  if (axis.log ? high <= low * (1 + 1e-9) : high - low <= 1e-9 * std::max(std::abs(low), std::abs(high))) {
    const double size = std::max(std::abs(low), 1e-290);
    high = axis.log ? low * 10 : low + (low == 0 ? 1 : size);
  }
  scale.low = low;
  scale.high = high;
  axis.log ? label_log(scale, at_most) : label_linear(scale, at_most);
  return scale;
}

Scale categories_of(const Axis& axis, std::size_t n, const std::vector<std::string>& names) {
  Scale scale;
  scale.label = axis.label;
  scale.low = -0.5;
  scale.high = static_cast<double>(std::max<std::size_t>(1, n)) - 0.5;
  for (std::size_t i = 0; i < n; ++i)
    scale.ticks.push_back({static_cast<double>(i), names.empty()      ? std::to_string(i)
                                                   : i < names.size() ? names[i]
                                                                      : ""});
  return scale;
}

}  // namespace rheo::figures

namespace rheo {

std::vector<double> linear_ticks(double low, double high, std::size_t at_most) {
  using namespace figures;
  if (!drawable(low) || !drawable(high) || high - low <= 1e-9 * std::max(std::abs(low), std::abs(high))) return {};
  const Step step = step_of(high - low, at_most);
  const double size = decimal(1, step.m, step.e);
  std::vector<double> ticks;
  const double last = std::floor(high / size + 1e-9);
  for (double k = std::ceil(low / size - 1e-9); k <= last; ++k) ticks.push_back(decimal(k, step.m, step.e) + 0.0);
  return ticks;
}

std::vector<double> log_ticks(double low, double high, std::size_t at_most) {
  using namespace figures;
  if (!(low >= 1e-300) || !drawable(high) || high <= low) return {};
  const auto inside = [&](double value) { return value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9); };
  const int first = exponent_of(low), last = exponent_of(high * (1 + 1e-9));
  std::vector<double> decades, between;
  for (int e = first; e <= last; ++e) {
    for (const int m : {1, 2, 5}) {
      const double value = decimal(1, m, e);
      if (!inside(value)) continue;
      between.push_back(value);
      if (m == 1) decades.push_back(value);
    }
  }
  if (between.size() < 2) return linear_ticks(low, high, at_most);
  if (decades.size() < 3 && between.size() <= std::max<std::size_t>(2, at_most) + 1) return between;
  if (decades.size() < 2) return between;
  const int every = static_cast<int>((decades.size() - 1) / std::max<std::size_t>(1, at_most)) + 1;
  std::vector<double> ticks;
  for (const double value : decades)
    if (exponent_of(value) % every == 0) ticks.push_back(value);
  return ticks;
}

}  // namespace rheo
