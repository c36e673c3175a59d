#include "networks/population_plan.hpp"

#include <fmt/format.h>

#include "networks/complaints.hpp"
#include "networks/values.hpp"

namespace rheo {

namespace {

std::vector<double> numbers(const Value& value, std::uint32_t size, RandomKey key, const FieldInfo& field,
                            const std::string& where) {
  std::vector<double> values = below(where, [&] { return per_item(value, size, key); });
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!(values[i] >= field.low && values[i] <= field.high))
      refuse(where, fmt::format("{}", values[i]), "drawn for neuron " + std::to_string(i) + ", out of range",
             "a distribution with min and max within the range of " + field.name);
  return values;
}

}  // namespace

PopulationPlan plan_population(const NetworkSpec& spec, const PopulationSpec& population, const ModelInfo& info,
                               Isa isa) {
  PopulationPlan made;
  made.name = population.name;
  made.model = population.model;
  made.size = population.size;
  made.options = population.options;
  made.precision = spec.precision;
  made.dt = spec.dt;
  made.isa = isa;
  const auto fill = [&](const std::map<std::string, Value>& given, const std::vector<FieldInfo>& known,
                        const char* table, std::map<std::string, std::vector<double>>& to) {
    for (const FieldInfo& field : known)
      if (const auto value = given.find(field.name); value != given.end())
        to[field.name] =
            numbers(value->second, population.size, field_key(spec.seed, population.name, table, field.name), field,
                    "populations." + population.name + "." + table + "." + field.name);
  };
  fill(population.params, info.params, "params", made.params);
  fill(population.initial, info.columns, "initial", made.initial);
  return made;
}

}  // namespace rheo
