// Source i to target i.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct OneToOne {
  OnlyFalse multapses = {};
  bool autapses = true;

  static constexpr const char* name = "one_to_one";
  static constexpr const char* summary = "Source i to target i; there must be as many sources as targets.";
  static constexpr const char* memory = "nothing";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(field("multapses", &OneToOne::multapses, "", "can only be false: a pair is connected at most once"),
                   field("autapses", &OneToOne::autapses, "", "a neuron may be its own source"));
  static constexpr int first_number = 3;
  std::string identity() const { return first_identity(0, 0, true, autapses); }
  void check(const ConnectorEnds& ends) const;
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey) const;
};

class OneToOneConnector final : public Connector {
 public:
  OneToOneConnector(const ConnectorEnds& ends, bool autapses) : targets_(ends.targets), autapses_(autapses) {}
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    if (autapses_ || target != self) sources.push_back(target);
  }
  double expected_synapses() const override { return targets_; }

 private:
  std::uint32_t targets_;
  bool autapses_;
};

inline void OneToOne::check(const ConnectorEnds& ends) const {
  check_equal(name, ends);
}

inline std::unique_ptr<Connector> OneToOne::make(const ConnectorEnds& ends, RandomKey) const {
  return std::make_unique<OneToOneConnector>(ends, autapses);
}

}  // namespace rheo
