// The catalogue of connection rules: what the experiment file may say and what docs/connectors.md explains.
#pragma once

#include <string>
#include <vector>

#include "networks/description/spec.hpp"

namespace rheo {

struct ConnectKey {
  std::string name, meaning;
  std::string initial;  // the default; "needed" where there is none
  std::string range;
};

struct ConnectRule {
  std::string name;
  Connect::Rule rule;
  std::string summary;
  std::vector<ConnectKey> keys;  // besides `rule`
  bool can_make_multapses;
  std::string memory;  // while the projection is built, besides the synapses themselves
  std::string source;  // where the definition is from; empty: common knowledge
};

const std::vector<ConnectRule>& connect_rules();
const ConnectRule& find_connect_rule(Connect::Rule rule);

}  // namespace rheo
