// What populations of all models share: what they are made of, and the columns of their state as they are read and
// saved.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/types.hpp"
#include "neurons/models/table.hpp"

namespace rheo {

// Parameters of neurons: one set for all, or one per neuron.
struct NeuronParams {
  std::size_t each = 0;        // values of a set, in the order of the model's table
  std::vector<double> values;  // [set][parameter]
  std::size_t sets() const { return values.size() / each; }
  const double* of(std::size_t neuron) const { return values.data() + (sets() > 1 ? neuron : 0) * each; }
};

struct PopulationParts {
  const ModelTable& model;
  Precision precision;        // of the state
  Precision input_precision;  // of the simulation, and so of the input
  NeuronParams params;
  std::vector<std::byte> initial;  // [neuron][column], of the precision of the state
  double dt;
  bool with_current;

  const ModelFunctions& functions() const;
  std::uint32_t size() const;
  std::uint32_t ports() const { return model.ports - (with_current ? 0 : 1); }
};

const ModelFunctions& functions_of(const ModelTable& model, Precision precision);

// The number of the field of this name, if there is one.
std::optional<std::size_t> find_field(const ModelField* fields, std::size_t count, std::string_view name);

// What V_m is counted from in a state of this precision: V_rest in single precision, 0 mV in double precision; 0 mV
// also in models that say nothing of V_rest.
double counted_from(const ModelTable& model, Precision precision, const double* params);

// V_m as read from outside and as the state counts it, and columns that were saved in the other precision.
class StateColumns {
 public:
  explicit StateColumns(const PopulationParts& parts);

  Precision precision() const { return precision_; }
  std::size_t count() const { return model_.columns; }
  std::size_t width() const { return bytes_of(precision_); }
  std::optional<std::size_t> find(std::string_view name) const;
  // The one that the model transmits as its value, if it says one.
  std::optional<std::size_t> value() const;
  // What a column's values are counted from, and whether that is anything but 0.
  bool has_origin(std::size_t column) const {
    return column == 0 && precision_ == Precision::single_ && !V_rest_.empty();
  }
  double origin(std::size_t column, std::size_t neuron) const {
    return column == 0 ? origin_of(precision_, neuron) : 0;
  }
  // Puts a neuron's value, as read from outside, at values[at].
  void put(std::size_t column, void* values, std::size_t at, double value, std::size_t neuron) const {
    const double x = value - origin(column, neuron);
    if (precision_ == Precision::single_)
      static_cast<float*>(values)[at] = static_cast<float>(x);
    else
      static_cast<double*>(values)[at] = x;
  }
  // A column of `size` neurons.
  void save(std::size_t column, const void* values, std::size_t size, ByteWriter& to) const;
  void load(std::size_t column, void* values, std::size_t size, ByteReader& from) const;

 private:
  template <class Real, class Other>
  void load_as(std::size_t column, void* values, std::size_t size, ByteReader& from) const;
  double origin_of(Precision precision, std::size_t neuron) const {
    return precision == Precision::single_ && !V_rest_.empty() ? V_rest_[V_rest_.size() > 1 ? neuron : 0] : 0;
  }
  const ModelTable& model_;
  Precision precision_;
  std::vector<double> V_rest_;  // one for all, or one per neuron; none where the model says nothing of it
};

}  // namespace rheo
