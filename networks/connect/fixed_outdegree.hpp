// Every source draws as many targets.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "networks/connect/by_source.hpp"
#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"

namespace rheo {

struct FixedOutdegree {
  std::uint32_t outdegree = 0;
  bool multapses = true;
  bool autapses = true;

  static constexpr const char* name = "fixed_outdegree";
  static constexpr const char* summary = "Every source draws `outdegree` targets, each uniformly from all.";
  static constexpr const char* memory = "4 bytes per synapse, 8 per target";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(needed(field("outdegree", &FixedOutdegree::outdegree, "", "synapses of each source", whole_numbers)),
                   field("multapses", &FixedOutdegree::multapses, "", "a pair may be connected several times"),
                   field("autapses", &FixedOutdegree::autapses, "", "a neuron may be its own source"));
  static constexpr int first_number = 5;
  std::string identity() const {
    return first_identity(0, 0, multapses, autapses) + fmt::format(" outdegree {}", outdegree);
  }
  void check(const ConnectorEnds& ends) const;
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const;
};

class FixedOutdegreeConnector final : public BySource {
 public:
  FixedOutdegreeConnector(const ConnectorEnds& ends, RandomKey key, const FixedOutdegree& rule)
      : BySource(ends, key, rule.multapses, rule.autapses), outdegree_(rule.outdegree) {}
  double expected_synapses() const override { return double{1} * outdegree_ * ends_.sources; }

 private:
  std::uint32_t outdegree(std::uint32_t) const override { return outdegree_; }
  std::uint32_t outdegree_;
};

inline void FixedOutdegree::check(const ConnectorEnds& ends) const {
  check_partners("outdegree", outdegree, ends.targets, "targets", multapses, autapses || !ends.self);
}

inline std::unique_ptr<Connector> FixedOutdegree::make(const ConnectorEnds& ends, RandomKey key) const {
  return std::make_unique<FixedOutdegreeConnector>(ends, key, *this);
}

}  // namespace rheo
