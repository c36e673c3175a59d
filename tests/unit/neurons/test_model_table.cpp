// The tables of models say what their descriptions say.
#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "neurons/models/models.hpp"
#include "neurons/models/table.hpp"

namespace {

template <class M>
void check_table(const rheo::ModelTable& table, const rheo::ModelFunctions& functions) {
  using Real = typename M::real;
  CAPTURE(M::name, sizeof(Real));
  REQUIRE(table.name == M::name);
  REQUIRE(table.params == rheo::param_fields<M>.size());
  REQUIRE(table.columns == rheo::state_size<M>);
  REQUIRE(table.coefficients == rheo::step_size<M>);
  REQUIRE(table.ports == M::ports.size());
  REQUIRE((table.linear != 0) == rheo::LinearModel<M>);
  REQUIRE((functions.event.visit != nullptr) == rheo::LinearModel<M>);

  // Numbers that are all different, so that none can take the place of another.
  typename M::Params params;
  std::vector<double> values;
  for (std::size_t i = 0; i < table.params; ++i) {
    CHECK(table.param[i].name == rheo::param_fields<M>[i].name);
    values.push_back(table.param[i].initial * 1.1 + 0.25 + static_cast<double>(i));
    params.*(rheo::param_fields<M>[i].member) = values.back();
  }
  for (std::size_t c = 0; c < table.columns; ++c) CHECK(table.column[c].name == rheo::column_fields<M>[c].name);

  using Coefficients = std::array<Real, rheo::step_size<M>>;
  Coefficients coefficients;
  functions.prepare(values.data(), 0.1, coefficients.data());
  CHECK(coefficients == std::bit_cast<Coefficients>(M::prepare(params, 0.1)));
  using State = std::array<Real, rheo::state_size<M>>;
  State state;
  functions.initial(values.data(), -61.5, state.data());
  CHECK(state == std::bit_cast<State>(M::initial(params, -61.5)));
  CHECK(functions.problem(values.data()) == M::problem(params));
  CHECK(table.V_start(values.data()) == M::V_start(params));
  CHECK(table.longest_tau(values.data()) == M::longest_tau(params));
  if constexpr (requires { M::V_rest(params); }) {
    CHECK(table.V_rest(values.data()) == M::V_rest(params));
    CHECK(table.tau_m(values.data()) == M::tau_m(params));
  } else {
    CHECK(table.V_rest == nullptr);
    CHECK(table.tau_m == nullptr);
  }
}

}  // namespace

TEST_CASE("the table of every model says what its description says", "[neurons]") {
  const rheo::ModelList list = rheo::built_in_models();
  REQUIRE(list.count == rheo::neuron_model_count);
  const auto all = [&]<std::size_t... i>(std::index_sequence<i...>) {
    (check_table<std::tuple_element_t<i, rheo::NeuronModels<float>>>(list.models[i], list.models[i].single_precision),
     ...);
    (check_table<std::tuple_element_t<i, rheo::NeuronModels<double>>>(list.models[i], list.models[i].double_precision),
     ...);
  };
  all(std::make_index_sequence<rheo::neuron_model_count>{});
}
