#include "networks/description/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/diagnostics.hpp"
#include "core/isa.hpp"
#include "core/math.hpp"
#include "neurons/kernels/kernels.hpp"

namespace rheo {

namespace {

constexpr int most_attempts = 1000;

bool accepted(const Distribution& d, double x) {
  return (!d.min || x >= *d.min) && (!d.max || x <= *d.max);
}

[[noreturn]] void reject_limits() {
  reject({}, {}, "1000 draws in a row lie outside [min, max]", "limits that the distribution can meet");
}

}  // namespace

double draw(const Distribution& d, RandomStream& stream) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    double x = 0;
    switch (d.kind) {
      case Distribution::Kind::uniform:
        x = stream.uniform(d.a, d.b);
        break;
      case Distribution::Kind::normal:
        x = stream.normal(d.a, d.b);
        break;
      case Distribution::Kind::lognormal:
        x = stream.lognormal(d.a, d.b);
        break;
      case Distribution::Kind::integers:
        x = d.a + stream.below(static_cast<std::uint32_t>(d.b - d.a) + 1);
        break;
      case Distribution::Kind::choice:
        x = d.choices[stream.below(static_cast<std::uint32_t>(d.choices.size()))];
        break;
    }
    if (accepted(d, x)) return x;
  }
  reject_limits();
}

void draw_all(const Distribution& d, RandomKey key, std::uint32_t index, std::span<double> to) {
  if (d.kind != Distribution::Kind::normal) {
    RandomStream stream(key, index);
    for (double& x : to) x = draw(d, stream);
    return;
  }
  // What is refused is drawn again from where the stream has come to: the accepted ones are the stream without the
  // others.
  const NormalStream normals = kernels(chosen_isa()).normal_stream;
  int refused = 0;
  std::uint32_t drawn = 0;
  for (std::size_t done = 0; done < to.size();) {
    const auto missing = static_cast<std::uint32_t>(to.size() - done);
    normals(key.lo, key.hi, index, drawn, missing, to.data() + done);
    drawn += missing;
    for (std::size_t k = done, end = done + missing; k < end; ++k) {
      const double x = d.a + d.b * to[k];
      if (accepted(d, x)) {
        to[done++] = x;
        refused = 0;
      } else if (++refused == most_attempts) {
        reject_limits();
      }
    }
  }
}

std::string problem_of(const Distribution& d) {
  if (!std::isfinite(d.a) || !std::isfinite(d.b)) return "not a finite number";
  const bool integers = d.kind == Distribution::Kind::integers;
  if (integers && (d.a != std::floor(d.a) || d.b != std::floor(d.b) || d.b - d.a > 4294967294.0))
    return "not two whole numbers less than 2^32 - 1 apart";
  if ((d.kind == Distribution::Kind::uniform || integers) && d.a > d.b) return "the lower limit is above the upper one";
  if ((d.kind == Distribution::Kind::normal || d.kind == Distribution::Kind::lognormal) && d.b < 0)
    return "a negative standard deviation";
  if (d.kind == Distribution::Kind::choice && d.choices.empty()) return "nothing to choose from";
  for (const double choice : d.choices)
    if (!std::isfinite(choice)) return "not a finite number";
  if (d.min && d.max && *d.min > *d.max) return "min is above max";
  return {};
}

Range reach(const Distribution& d) {
  constexpr double sigmas = 8.3;  // no normal draw lies further out (core/random.hpp)
  Range range{d.a, d.b};          // uniform, integers
  switch (d.kind) {
    case Distribution::Kind::uniform:
    case Distribution::Kind::integers:
      break;
    case Distribution::Kind::normal:
      range = {d.a - sigmas * d.b, d.a + sigmas * d.b};
      break;
    case Distribution::Kind::lognormal:
      range = {math::exp(d.a - sigmas * d.b), math::exp(d.a + sigmas * d.b)};
      break;
    case Distribution::Kind::choice: {
      const auto [low, high] = std::minmax_element(d.choices.begin(), d.choices.end());
      range = {*low, *high};
      break;
    }
  }
  return {std::max(range.low, d.min.value_or(range.low)), std::min(range.high, d.max.value_or(range.high))};
}

std::string range_text(const Range& range, double given, const std::string& unit, bool above_low) {
  const bool has_low = range.low > any_value.low || given < range.low;
  const bool has_high = range.high < any_value.high || given > range.high;
  const bool tiny = range.low > 0 && range.low <= positive.low;
  const bool is_open = above_low || (tiny && !(given > 0 && given < range.low));
  std::string text = "a number";
  if (has_low && has_high && !is_open) {
    text += fmt::format(" from {} to {}", range.low, range.high);
  } else {
    if (has_low) text += is_open ? fmt::format(" > {}", above_low ? range.low : 0.0) : fmt::format(" >= {}", range.low);
    if (has_high) text += fmt::format("{} <= {}", has_low ? " and" : "", range.high);
  }
  if (!unit.empty()) text += fmt::format(" ({})", unit);
  return text;
}

std::vector<double> per_item(const Value& value, std::uint32_t items, RandomKey key, const Range& allowed) {
  const auto check = [&](double x, const std::string& where) {
    if (!holds(allowed, x)) reject({}, fmt::format("{}", x), where + "out of range", range_text(allowed, x));
  };
  if (const auto* constant = std::get_if<double>(&value)) {
    check(*constant, {});
    return {*constant};
  }
  if (const auto* list = std::get_if<std::vector<double>>(&value)) {
    if (list->size() != items)
      reject({}, "a list of " + std::to_string(list->size()), "wrong number of values",
             std::to_string(items) + " values");
    for (std::size_t i = 0; i < list->size(); ++i)
      if (!holds(allowed, (*list)[i])) check((*list)[i], fmt::format("entry {}, ", i));
    return *list;
  }
  std::vector<double> values(items);
  for (std::uint32_t i = 0; i < items; ++i) {
    RandomStream stream(key, i);
    values[i] = draw(std::get<Distribution>(value), stream);
    if (!holds(allowed, values[i]))
      reject({}, fmt::format("{}", values[i]), fmt::format("drawn for neuron {}, out of range", i),
             range_text(allowed, values[i]) + ", by min and max of the distribution");
  }
  return values;
}

void check_value(const Value& value, const Range& allowed) {
  const auto check = [&](double x, const std::string& where) {
    if (!holds(allowed, x)) reject(where, fmt::format("{}", x), "out of range", range_text(allowed, x));
  };
  if (const auto* constant = std::get_if<double>(&value)) check(*constant, {});
  if (const auto* values = std::get_if<std::vector<double>>(&value))
    for (std::size_t i = 0; i < values->size(); ++i)
      if (!holds(allowed, (*values)[i])) check((*values)[i], fmt::format("[{}]", i));
  if (const auto* distribution = std::get_if<Distribution>(&value)) {
    if (const std::string problem = problem_of(*distribution); !problem.empty()) reject({}, {}, problem);
    // Never the whole of a draw: the width of a uniform distribution must stay finite.
    if (distribution->kind == Distribution::Kind::uniform)
      for (const double end : {distribution->a, distribution->b})
        if (!holds(any_value, end)) reject({}, fmt::format("{}", end), "out of range", range_text(any_value, end));
  }
}

double mean_of(const Value& value) {
  if (const auto* constant = std::get_if<double>(&value)) return *constant;
  const auto mean = [](const std::vector<double>& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0) /
           static_cast<double>(std::max<std::size_t>(1, numbers.size()));
  };
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return mean(*list);
  const auto& d = std::get<Distribution>(value);
  const Range range = reach(d);
  switch (d.kind) {
    case Distribution::Kind::choice:
      return mean(d.choices);
    case Distribution::Kind::normal:
      return std::clamp(d.a, range.low, range.high);
    case Distribution::Kind::lognormal:
      return std::clamp(math::exp(d.a + d.b * d.b / 2), range.low, range.high);
    default:
      return (range.low + range.high) / 2;
  }
}

RandomKey field_key(std::uint64_t seed, const std::string& population, const std::string& table,
                    const std::string& field) {
  return random_key(seed, population, table + "." + field);
}

}  // namespace rheo
