#include "neurons/models/models.hpp"

#include <utility>

#include "neurons/models/entry.hpp"

namespace rheo {

namespace {

template <std::size_t... i>
constexpr std::array<ModelTable, sizeof...(i)> tables_of(std::index_sequence<i...>) {
  return {
      model_table<std::tuple_element_t<i, NeuronModels<float>>, std::tuple_element_t<i, NeuronModels<double>>>()...};
}

constexpr auto model_tables = tables_of(std::make_index_sequence<neuron_model_count>{});

}  // namespace

ModelList built_in_models() {
  return {model_tables.size(), model_tables.data()};
}

}  // namespace rheo
