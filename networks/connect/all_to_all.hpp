// Every pair once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct AllToAll {
  OnlyFalse multapses = {};
  bool autapses = true;

  static constexpr const char* name = "all_to_all";
  static constexpr const char* summary = "Every pair once.";
  static constexpr const char* memory = "nothing";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(field("multapses", &AllToAll::multapses, "", "can only be false: a pair is connected at most once"),
                   field("autapses", &AllToAll::autapses, "", "a neuron may be its own source"));
  static constexpr int first_number = 2;
  std::string identity() const { return first_identity(0, 0, true, autapses); }
  void check(const ConnectorEnds&) const {}
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey) const;
};

class AllToAllConnector final : public Connector {
 public:
  AllToAllConnector(const ConnectorEnds& ends, bool autapses)
      : sources_(ends.sources), targets_(ends.targets), autapses_(autapses) {}
  void incoming(std::uint32_t, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    for (std::uint32_t source = 0; source < sources_; ++source)
      if (autapses_ || source != self) sources.push_back(source);
  }
  double expected_synapses() const override { return double{1} * sources_ * targets_; }

 private:
  std::uint32_t sources_, targets_;
  bool autapses_;
};

inline std::unique_ptr<Connector> AllToAll::make(const ConnectorEnds& ends, RandomKey) const {
  return std::make_unique<AllToAllConnector>(ends, autapses);
}

}  // namespace rheo
