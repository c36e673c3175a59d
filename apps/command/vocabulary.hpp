// Models, rules and other kinds as JSON: what an editor, a page or a program in another language builds on.
#pragma once

#include "io/text/json.hpp"
#include "neurons/catalogue.hpp"
#include "plasticity/library.hpp"

namespace rheo {

Json json_of(const ModelInfo& model);
Json json_of(const Rule& rule);
// All of them: "models", "rules", "connect_rules", "inputs", "signals", "distributions" and "pair_values".
Json vocabulary(const RuleLibrary& library);

}  // namespace rheo
