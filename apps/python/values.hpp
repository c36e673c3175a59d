// From values of Python to the tree that an experiment file becomes.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "io/text/toml_document.hpp"

namespace rheo {

// Numbers, texts, lists, dictionaries, NumPy arrays and what becomes one, and whatever has a text for experiment files
// (`_rheo_text`). An entry that is None is left out; a name that ends with _ is meant without it (lambda_). key: for
// messages. Throws ExperimentError.
TomlNode node_of(pybind11::handle value, const std::string& key);

}  // namespace rheo
