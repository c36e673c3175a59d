// All neuron models and sources by name, with what the user may set: the one source for the checks of the experiment
// file, for `rheo models` and for the documentation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/description.hpp"

namespace rheo {

struct OptionInfo {
  std::string name;
  std::vector<std::string> choices;  // the first is the default
  std::string meaning;
};

struct PortInfo {
  std::string name, unit;    // unit of weights
  bool conductance = false;  // the magnitude of a weight counts
};

struct ModelInfo {
  std::string name, summary;
  std::vector<FieldInfo> params;
  std::vector<FieldInfo> columns;  // state: can be initialised, recorded, saved; some belong to a choice of an option
  std::vector<OptionInfo> options;
  std::vector<PortInfo> ports;  // empty: a source, nothing can be sent to it
  bool linear = false;          // can be updated by events
  bool spikes = true;           // false: it never does
  std::string value;            // the column that projections take which transmit = "value"; empty: none
  std::string equation, numerics, source;
};

const std::vector<ModelInfo>& neuron_models();
// nullptr when there is no such model.
const ModelInfo* find_neuron_model(const std::string& name);
// Throws BuildError without a key where there is none of this name.
const ModelInfo& neuron_model(const std::string& name);

}  // namespace rheo
