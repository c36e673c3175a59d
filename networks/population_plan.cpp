#include "networks/population_plan.hpp"

#include "core/diagnostics.hpp"
#include "networks/description/values.hpp"

namespace rheo {

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
        to[field.name] = within("populations." + population.name + "." + table + "." + field.name, [&] {
          return per_item(value->second, population.size, field_key(spec.seed, population.name, table, field.name),
                          {field.low, field.high});
        });
  };
  fill(population.params, info.params, "params", made.params);
  fill(population.initial, info.columns, "initial", made.initial);
  return made;
}

}  // namespace rheo
