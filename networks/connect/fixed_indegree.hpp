// Every target draws as many sources.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "networks/connect/draws.hpp"
#include "networks/connect/rule_of.hpp"
#include "networks/description/values.hpp"

namespace rheo {

struct FixedIndegree {
  Value indegree = 0.0;  // whole numbers; what a distribution draws for each target is rounded
  bool multapses = true;
  bool autapses = true;

  static constexpr const char* name = "fixed_indegree";
  static constexpr const char* summary = "Every target draws `indegree` sources, each uniformly from all.";
  static constexpr const char* memory = "nothing; 4 bytes per target where in-degrees differ";
  static constexpr const char* source = "";
  static constexpr auto fields = rheo::fields(
      needed(in_words(field("indegree", &FixedIndegree::indegree, "", "synapses onto each target", whole_numbers), {},
                      "whole numbers from 0 to 4294967295, a list of one for each target, or a distribution, whose "
                      "numbers are rounded")),
      field("multapses", &FixedIndegree::multapses, "", "a pair may be connected several times"),
      field("autapses", &FixedIndegree::autapses, "", "a neuron may be its own source"));
  static constexpr int first_number = 0;
  std::string identity() const {
    const auto* const same = std::get_if<double>(&indegree);
    return first_identity(same == nullptr ? 0 : *same, 0, multapses, autapses) +
           (same == nullptr ? identity_of("indegree", indegree) : "");
  }
  void check(const ConnectorEnds& ends) const;
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const;
};

class FixedIndegreeConnector final : public Connector {
 public:
  FixedIndegreeConnector(const ConnectorEnds& ends, RandomKey key, const FixedIndegree& rule)
      : ends_(ends), key_(key), rule_(rule) {
    if (const auto* const number = std::get_if<double>(&rule.indegree)) same_ = static_cast<std::uint32_t>(*number);
  }
  // Draws the in-degrees where they differ.
  void prepare() override {
    if (is_constant(rule_.indegree)) return;
    each_.clear();
    within("connect.indegree", [&] {
      const RandomKey key = random_key(std::uint64_t{key_.hi} << 32 | key_.lo, "connect", "indegree");
      for (const double drawn : per_item(rule_.indegree, ends_.targets, key, whole_numbers)) {
        each_.push_back(static_cast<std::uint32_t>(std::floor(drawn + 0.5)));
        check_partners({}, each_.back(), ends_.sources, "sources", rule_.multapses, rule_.autapses || !ends_.self);
      }
    });
  }
  double prepared_bytes() const override { return is_constant(rule_.indegree) ? 0 : 4.0 * ends_.targets; }
  void incoming(std::uint32_t target, std::uint32_t self, std::vector<std::uint32_t>& sources,
                std::vector<std::uint32_t>&) const override {
    RandomStream stream(key_, target);
    draw_partners(stream, ends_.sources, each_.empty() ? same_ : each_[target], rule_.multapses,
                  rule_.autapses ? nobody : self, sources);
  }
  double expected_synapses() const override { return mean_of(rule_.indegree) * ends_.targets; }

 private:
  ConnectorEnds ends_;
  RandomKey key_;
  FixedIndegree rule_;
  std::uint32_t same_ = 0;
  std::vector<std::uint32_t> each_;  // [target] where they differ
};

inline void FixedIndegree::check(const ConnectorEnds& ends) const {
  if (const auto* const number = std::get_if<double>(&indegree)) {
    if (*number != std::floor(*number))
      reject("indegree", fmt::format("{}", *number), "is not a whole number", "a whole number");
    check_partners("indegree", static_cast<std::uint32_t>(*number), ends.sources, "sources", multapses,
                   autapses || !ends.self);
  }
  within("indegree", [&] { check_count(indegree, ends.targets, "target neuron"); });
  if (const auto* const list = std::get_if<std::vector<double>>(&indegree))
    for (std::size_t target = 0; target < list->size(); ++target)
      if ((*list)[target] != std::floor((*list)[target]))
        reject(fmt::format("indegree[{}]", target), fmt::format("{}", (*list)[target]), "is not a whole number",
               "a whole number");
}

inline std::unique_ptr<Connector> FixedIndegree::make(const ConnectorEnds& ends, RandomKey key) const {
  return std::make_unique<FixedIndegreeConnector>(ends, key, *this);
}

}  // namespace rheo
