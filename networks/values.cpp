#include "networks/values.hpp"

#include <cmath>

#include "core/errors.hpp"

namespace rheo {

double draw(const Distribution& d, RandomStream& stream) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
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
      case Distribution::Kind::choice:
        x = d.choices[stream.below(static_cast<std::uint32_t>(d.choices.size()))];
        break;
    }
    if ((!d.min || x >= *d.min) && (!d.max || x <= *d.max)) return x;
  }
  throw BuildError({.file = {},
                    .key = {},
                    .value = {},
                    .problem = "1000 draws in a row lie outside [min, max]",
                    .expected = "limits that the distribution can meet",
                    .suggestion = {}});
}

std::string problem_of(const Distribution& d) {
  if (!std::isfinite(d.a) || !std::isfinite(d.b)) return "not a finite number";
  if (d.kind == Distribution::Kind::uniform && d.a > d.b) return "the lower limit is above the upper one";
  if ((d.kind == Distribution::Kind::normal || d.kind == Distribution::Kind::lognormal) && d.b < 0)
    return "a negative standard deviation";
  if (d.kind == Distribution::Kind::choice && d.choices.empty()) return "nothing to choose from";
  for (const double choice : d.choices)
    if (!std::isfinite(choice)) return "not a finite number";
  if (d.min && d.max && *d.min > *d.max) return "min is above max";
  return {};
}

std::vector<double> per_item(const Value& value, std::uint32_t items, RandomKey key) {
  if (const auto* constant = std::get_if<double>(&value)) return {*constant};
  if (const auto* list = std::get_if<std::vector<double>>(&value)) {
    if (list->size() != items)
      throw BuildError({.file = {},
                        .key = {},
                        .value = "a list of " + std::to_string(list->size()),
                        .problem = "wrong number of values",
                        .expected = std::to_string(items) + " values",
                        .suggestion = {}});
    return *list;
  }
  std::vector<double> values(items);
  for (std::uint32_t i = 0; i < items; ++i) {
    RandomStream stream(key, i);
    values[i] = draw(std::get<Distribution>(value), stream);
  }
  return values;
}

RandomKey field_key(std::uint64_t seed, const std::string& population, const std::string& table,
                    const std::string& field) {
  return random_key(seed, population, table + "." + field);
}

}  // namespace rheo
