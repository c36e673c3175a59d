#include "neurons/state.hpp"

#include <span>

namespace rheo {

const ModelFunctions& functions_of(const ModelTable& model, Precision precision) {
  return precision == Precision::single_ ? model.single_precision : model.double_precision;
}

std::optional<std::size_t> find_field(const ModelField* fields, std::size_t count, std::string_view name) {
  for (std::size_t i = 0; i < count; ++i)
    if (fields[i].name == name) return i;
  return std::nullopt;
}

double counted_from(const ModelTable& model, Precision precision, const double* params) {
  return precision == Precision::single_ && model.V_rest != nullptr ? model.V_rest(params) : 0;
}

const ModelFunctions& PopulationParts::functions() const {
  return functions_of(model, precision);
}

std::uint32_t PopulationParts::size() const {
  return static_cast<std::uint32_t>(initial.size() / (model.columns * bytes_of(precision)));
}

StateColumns::StateColumns(const PopulationParts& parts) : model_(parts.model), precision_(parts.precision) {
  if (model_.V_rest == nullptr) return;
  for (std::size_t i = 0; i < parts.params.sets(); ++i) V_rest_.push_back(model_.V_rest(parts.params.of(i)));
}

std::optional<std::size_t> StateColumns::find(std::string_view name) const {
  return find_field(model_.column, model_.columns, name);
}

std::optional<std::size_t> StateColumns::value() const {
  return model_.value == nullptr ? std::nullopt : find(model_.value);
}

void StateColumns::save(std::size_t column, const void* values, std::size_t size, ByteWriter& to) const {
  const char* const name = model_.column[column].name;
  if (precision_ == Precision::single_)
    to.put(name, std::span(static_cast<const float*>(values), size));
  else
    to.put(name, std::span(static_cast<const double*>(values), size));
}

void StateColumns::load(std::size_t column, void* values, std::size_t size, ByteReader& from) const {
  if (precision_ == Precision::single_)
    load_as<float, double>(column, values, size, from);
  else
    load_as<double, float>(column, values, size, from);
}

template <class Real, class Other>
void StateColumns::load_as(std::size_t column, void* values, std::size_t size, ByteReader& from) const {
  const std::span<Real> to(static_cast<Real*>(values), size);
  const char* const name = model_.column[column].name;
  if (from.next_width() != sizeof(Other)) return from.get(name, to);
  std::vector<Other> found(size);
  from.get(name, std::span<Other>(found));
  const Precision other = precision_ == Precision::single_ ? Precision::double_ : Precision::single_;
  for (std::size_t i = 0; i < size; ++i) {
    const double shift = column == 0 ? origin_of(other, i) - origin_of(precision_, i) : 0;
    to[i] = static_cast<Real>(static_cast<double>(found[i]) + shift);
  }
}

}  // namespace rheo
